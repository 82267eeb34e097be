// Runs in a probe pod: `node -e … listen PORT…` accepts connections on the ports; `node -e … try JSON` opens connections
// to all of [{host, port, udp}] at once and prints which it got, as [true, false, …]. Time-outs are in milliseconds.
import { Resolver } from 'node:dns/promises'
import { connect, createServer } from 'node:net'

const tcp = ({ host, port }) =>
  new Promise((done) => {
    const socket = connect({ host, port })
    const end = (reached) => {
      socket.destroy()
      done(reached)
    }
    socket.setTimeout(2500, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })

// Over UDP only an answer shows that the request arrived: of what can be asked here, DNS gives one.
const udp = async ({ host }) => {
  const resolver = new Resolver({ timeout: 1000, tries: 2 })
  resolver.setServers([host])
  return resolver.resolve4('kubernetes.default.svc.cluster.local').then(
    () => true,
    () => false,
  )
}

const [action, ...rest] = process.argv.slice(1)
if (action === 'listen') {
  for (const port of rest) createServer((socket) => socket.on('error', () => {}).end()).listen(Number(port))
  process.on('SIGTERM', () => process.exit())
} else {
  console.log(JSON.stringify(await Promise.all(JSON.parse(rest[0]).map((target) => (target.udp ? udp : tcp)(target)))))
}
