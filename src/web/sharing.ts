import type { AppParts } from './app-parts.ts'
import { wirePicture } from './picture.ts'

/** Tools that take what is seen elsewhere: a picture, a link, the whole screen. */
export function wireSharing(parts: AppParts): void {
  const { rail, say, link } = parts
  rail.gap()
  wirePicture(parts)
  rail.button({ icon: 'share', label: 'Copy a link', key: 'c' }, () => void share(link(), say))
  rail.button({ icon: 'screen', label: 'Full screen', key: 'w' }, () => void fullScreen(say))
}

async function share(link: string, say: (text: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(link)
    say('Link copied')
  } catch {
    // Without a secure origin or leave to write it can still be copied by hand.
    say(`The browser does not let a page copy here: ${link}`)
  }
}

async function fullScreen(say: (text: string) => void): Promise<void> {
  try {
    if (document.fullscreenElement === null) await document.documentElement.requestFullscreen()
    else await document.exitFullscreen()
  } catch {
    say('This browser has no full screen for pages.')
  }
}
