import { Alert, Button, Flex, Modal } from "antd";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import type { Keeping } from "./useDraft";
import { useWords } from "./words";

interface Props {
  keeping: Keeping;
  onMerged: (text: string) => void;
}

/** Somebody else saved first: both changes together, theirs, or one's own over it, knowingly. */
export function Clash({ keeping, onMerged }: Props) {
  const words = useWords();
  const { conflict } = keeping;
  const [merged, setMerged] = useState<Schema["MergedDraft"]>();
  if (!conflict) return null;
  const takeMerged = (with_: Schema["MergedDraft"]) => {
    setMerged(undefined);
    onMerged(with_.text);
    void keeping.save(with_.etag, with_.text);
  };
  return (
    <>
      <Alert
        type="warning"
        showIcon
        title={words.clash(conflict.by)}
        action={
          <Flex gap={8} wrap>
            <Button
              size="small"
              type="primary"
              onClick={() => {
                void keeping.merge().then((made) => {
                  if (!made) return;
                  if (made.clashes.length === 0) takeMerged(made);
                  else setMerged(made);
                });
              }}
            >
              {words.mergeBoth}
            </Button>
            <Button size="small" onClick={() => void keeping.theirs()}>
              {words.takeTheirs}
            </Button>
            <Button size="small" danger onClick={() => void keeping.save(conflict.etag)}>
              {words.keepMine}
            </Button>
          </Flex>
        }
      />
      {merged && (
        <Modal
          open
          width={640}
          title={words.clashTitle(merged.clashes.length)}
          okText={words.mergeMine}
          cancelText={words.cancel}
          onCancel={() => {
            setMerged(undefined);
          }}
          onOk={() => {
            takeMerged(merged);
          }}
        >
          <p>{words.clashAbout}</p>
          {merged.clashes.map((each) => (
            <div key={each.line} style={{ marginBottom: 12 }}>
              <Quiet small>{words.line(each.line)}</Quiet>
              <Flex gap={12}>
                <div style={{ flex: 1, minWidth: 0 }}>
                  <Quiet small>{words.mine}</Quiet>
                  <pre className="clash">{each.mine}</pre>
                </div>
                <div style={{ flex: 1, minWidth: 0 }}>
                  <Quiet small>{words.theirs}</Quiet>
                  <pre className="clash">{each.theirs}</pre>
                </div>
              </Flex>
            </div>
          ))}
        </Modal>
      )}
    </>
  );
}
