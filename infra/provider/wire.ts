/** JSON values as the provider protocol carries them: `google.protobuf.Struct` on the wire, plain objects here. */
import struct from "google-protobuf/google/protobuf/struct_pb.js";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The properties of a resource. Their shape is checked by the resource's own `check`, not here. */
export type Props = { [key: string]: Json };

type Message = InstanceType<typeof struct.Struct>;

/** The message for `value`; keys whose value is `undefined` are left out. */
export function toStruct(value: object): Message {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)));
}

export function fromStruct(message: Message): Props;
export function fromStruct(message: Message | undefined): Props | undefined;
export function fromStruct(message: Message | undefined): Props | undefined {
  return message?.toJavaScript() as Props | undefined;
}
