import { makeWords, record } from "./words";

const useKinds = makeWords({
  zh: record({ key: "密钥", worker: "系统" }),
  en: record({ key: "key", worker: "by itself:" }),
});

/** Who did something: a user by name, others with what they are. At the command line a name stands alone. */
export function By({ by }: { by: string }) {
  const kinds = useKinds();
  const [, kind = "", name = by] = /^(user|key|worker) (.+)$/.exec(by) ?? [];
  return <bdi>{[kinds[kind], name].filter(Boolean).join(" ")}</bdi>;
}
