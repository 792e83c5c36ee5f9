/** Deals things out to as few hands as hold `most` each, one after the other, so that every hand gets busy and quiet ones. */
export function shares<Item>(items: readonly Item[], most: number): Item[][] {
  const hands: Item[][] = Array.from({ length: Math.ceil(items.length / most) }, () => [])
  for (const [index, item] of items.entries()) hands[index % hands.length]!.push(item)
  return hands
}
