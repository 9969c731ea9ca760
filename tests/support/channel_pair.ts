/** Two channels that are each other's network, as tests know them. */

export { channelPair } from "../../agent/transport/memory_channel.ts";
