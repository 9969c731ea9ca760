/** What goes wrong in a simulated network: each fault begins, lasts, and is put right. */

import type { Direction } from "./cable.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** One fault that may befall `world` now; the result undoes it. */
export type Fault = (world: World, random: Random, tell: (text: string) => void) => () => void;

const unplug: Fault = (world, random, tell) => {
  const cable = random.pick(world.cables);
  tell(`${cable.name} between ${cable.client.id} and ${cable.server.id} is unplugged`);
  cable.unplug();
  return () => {
    tell(`${cable.name} is plugged in`);
    cable.plug();
  };
};

const silence: Fault = (world, random, tell) => {
  const cable = random.pick(world.cables);
  const directions = random.pick<Direction[]>([[0], [1], [0, 1]]);
  tell(
    `${cable.name} between ${cable.client.id} and ${cable.server.id} is silent in ${directions.length} direction(s)`,
  );
  for (const direction of directions) cable.setSilent(direction, true);
  return () => {
    tell(`${cable.name} speaks again`);
    for (const direction of directions) cable.setSilent(direction, false);
  };
};

const partition: Fault = (world, random, tell) => {
  const side = new Set(random.some(world.interiors, random.int(1, world.interiors.length - 1)));
  const between = world.cables.filter(({ client, server }) => client.interior && side.has(client) !== side.has(server));
  tell(
    `${[...side].map(({ id }) => id).join(" ")} is apart from the rest: ${between.map(({ name }) => name).join(" ")}`,
  );
  const silent = random.chance(0.5);
  for (const cable of between) {
    if (silent) { for (const direction of [0, 1] as const) cable.setSilent(direction, true); }
    else cable.unplug();
  }
  return () => {
    tell("the parts are joined again");
    for (const cable of between) {
      for (const direction of [0, 1] as const) cable.setSilent(direction, false);
      cable.plug();
    }
  };
};

const kill: Fault = (world, random, tell) => {
  const node = random.pick(world.nodes);
  tell(`${node.id} is killed`);
  node.die();
  return () => {
    if (node.running) return;
    tell(`${node.id} starts again`);
    node.start();
  };
};

const blink: Fault = (world, random, tell) => {
  kill(world, random, tell)();
  return () => {};
};

/** A node is told to stop. */
export const stop: Fault = (world, random, tell) => {
  const node = random.pick(world.nodes);
  tell(`${node.id} is stopped`);
  let down = false;
  let wanted = false;
  const start = () => {
    if (node.running) return;
    tell(`${node.id} starts again`);
    node.start();
  };
  node.stop().then(() => {
    down = true;
    if (wanted) start();
  });
  return () => {
    wanted = true;
    if (down) start();
  };
};

const freeze: Fault = (world, random, tell) => {
  const node = random.pick(world.nodes);
  tell(`${node.id} is frozen`);
  const { clock } = node;
  clock.freeze();
  return () => {
    tell(`${node.id} goes on`);
    clock.thaw();
  };
};

const slow: Fault = (world, random, tell) => {
  const cable = random.pick(world.cables);
  const { latency } = cable;
  cable.latency = latency * random.between(2, 10) + 5;
  tell(`${cable.name} takes ${cable.latency.toFixed(1)} ms`);
  return () => cable.latency = latency;
};

const resign: Fault = (world, random, tell) => {
  const offer = random.pick(world.offers);
  tell(`${offer.name} is withdrawn`);
  world.traffic.withdraw(offer);
  return () => {
    if (!offer.node.running) return;
    tell(`${offer.name} is offered again`);
    world.traffic.withdraw(offer); // A life that began in between has offered it already.
    world.traffic.offer(offer);
  };
};

/** All kinds; the commonest several times. */
export const FAULTS: readonly Fault[] = [
  unplug,
  unplug,
  silence,
  silence,
  partition,
  kill,
  kill,
  blink,
  stop,
  freeze,
  slow,
  resign,
];
