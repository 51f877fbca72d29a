import { Alert, Button, Drawer, Flex, Skeleton, theme, Timeline } from "antd";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { Quiet } from "./Quiet";
import { instant } from "./time";
import { makeWords } from "./words";

const useWords = makeWords({
  zh: {
    title: "版本",
    none: "还没有留下版本：发布一次就有了。",
    version: (n: number) => `第 ${n} 版`,
    live: "线上",
    unknown: "开始留版本之前",
    compare: "和线上比较",
    same: "和线上的一样",
    take: "放回来修改",
    takeAbout: "放回来只改草稿，发布之前不影响客户。",
    gone: "这一版有、线上没有",
    fresh: "线上新加的",
  },
  en: {
    title: "Versions",
    none: "No versions yet: the first is kept when you publish.",
    version: (n: number) => `version ${n}`,
    live: "live",
    unknown: "before versions were kept",
    compare: "Compare with what is live",
    same: "The same as what is live",
    take: "Bring it back",
    takeAbout: "It only becomes what you are writing; nothing changes for customers until you publish.",
    gone: "in this version alone",
    fresh: "new since",
  },
});

interface Props {
  open: boolean;
  versions: Schema["WrittenVersionListed"][] | undefined;
  /** Reads one, beside what is live. */
  read: (version: number) => Promise<Schema["WrittenVersionText"] | undefined>;
  /** Puts the text of one in place of what is written. */
  onTake?: ((text: string) => void) | undefined;
  onClose: () => void;
}

/** The versions of a text: who published each, when and why, how it differs from what is live, and the way back to it. */
export function Versions({ open, versions, read, onTake, onClose }: Props) {
  const words = useWords();
  const [shown, setShown] = useState<Schema["WrittenVersionText"]>();
  const [asked, setAsked] = useState<number>();
  const newest = versions?.[0]?.version;
  return (
    <Drawer open={open} title={words.title} size="large" onClose={onClose}>
      {!versions && <Skeleton active />}
      {versions?.length === 0 && <Quiet>{words.none}</Quiet>}
      <Timeline
        items={(versions ?? []).map((each) => ({
          key: each.version,
          content: (
            <Flex vertical gap={4} align="start">
              <span>
                <strong>{words.version(each.version)}</strong>
                {each.version === newest && <Quiet>{` · ${words.live}`}</Quiet>}
              </span>
              <Quiet small>{each.at ? `${each.by ?? ""} · ${instant(each.at)}` : words.unknown}</Quiet>
              {each.reason && <bdi>{each.reason}</bdi>}
              {each.version !== newest && asked !== each.version && (
                <Button
                  size="small"
                  onClick={() => {
                    setAsked(each.version);
                    void read(each.version).then(setShown);
                  }}
                >
                  {words.compare}
                </Button>
              )}
              {shown?.version === each.version && asked === each.version && (
                <Flex vertical gap={8} style={{ width: "100%" }}>
                  <Lines lines={shown.lines} />
                  {onTake && (
                    <Flex gap={10} align="center">
                      <Button
                        size="small"
                        type="primary"
                        onClick={() => {
                          onTake(shown.text);
                          onClose();
                        }}
                      >
                        {words.take}
                      </Button>
                      <Quiet small>{words.takeAbout}</Quiet>
                    </Flex>
                  )}
                </Flex>
              )}
            </Flex>
          ),
        }))}
      />
    </Drawer>
  );
}

const MARKS = { same: " ", gone: "−", new: "+" } as const;
const AROUND = 2;

/** The lines that differ, with a few around them. */
function Lines({ lines }: { lines: Schema["VersionLine"][] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((each) => each.what !== "same"),
  );
  if (!near.some(Boolean)) return <Alert type="info" title={words.same} />;
  const colors = { same: "transparent", gone: token.colorErrorBg, new: token.colorSuccessBg };
  return (
    <>
      <Quiet small>
        − {words.gone}，+ {words.fresh}
      </Quiet>
      <pre
        tabIndex={0}
        aria-label={words.compare}
        style={{ margin: 0, fontSize: token.fontSizeSM, overflowX: "auto", border: `1px solid ${token.colorBorder}` }}
      >
        {lines.map((each, at) =>
          near[at] ? (
            <div key={at} style={{ background: colors[each.what], paddingInline: 8 }}>
              {MARKS[each.what]} <bdi>{each.text}</bdi>
            </div>
          ) : (
            near[at - 1] && <div key={at}>⋯</div>
          ),
        )}
      </pre>
    </>
  );
}
