import { type Random, seededRandom } from '../kit/random.ts'

/** Draws from a holder's own chance and remembers where it stands. */
export function withChance<T>(holder: { chance: number }, draw: (random: Random) => T): T {
  const random = seededRandom(holder.chance)
  const drawn = draw(random)
  holder.chance = random.state()
  return drawn
}
