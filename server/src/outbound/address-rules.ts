import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Addresses that are not somebody's machine on the internet: our own, the local network's, a cloud's metadata service. */
const inside = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  inside.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::', 96], // unspecified, loopback, and IPv4 in its old clothes
  ['::ffff:0:0:0', 96], // and in its newer ones
  ['100::', 64],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32], // Teredo and 6to4: an IPv4 address in disguise
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(net, prefix, 'ipv6')
}

export class AddressRefused extends Error {}

/** @param address an IP address, without brackets */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 0) return false
  // IPv4 written as IPv6 is checked as what it is; `BlockList` does that for `::ffff:a.b.c.d` by itself.
  return !inside.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

/** A name stands for whatever it resolves to at the moment of connecting: that is what is checked, each time. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    const open = addresses.filter(({ address }) => isPublicAddress(address))
    const [first] = open
    if (first === undefined) return callback(new AddressRefused(`${hostname} is not a public address`), [])
    if (options.all) callback(null, open)
    else callback(null, first.address, first.family)
  })
}
