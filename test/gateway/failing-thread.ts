// A gateway thread that fails when it is told to, the way a mistake of ours would make it fail.
import { BroadcastChannel, threadId } from 'node:worker_threads'
import '../../src/gateway/front-thread.ts'

const channel = new BroadcastChannel('failing gateway threads')
channel.onmessage = (event) => {
  if ((event as { data: unknown }).data === threadId) throw new Error('told to fail')
}
// Heard by nobody, it must not keep the thread alive.
channel.unref()
channel.postMessage(`begun ${threadId}`)
