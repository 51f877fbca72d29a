import { App, Button, Drawer, Flex, Input } from "antd";
import { useEffect, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { BEGINNING, nameIn, PARTS } from "./parts";
import { useWords } from "./words";

/** Puts a play together from parts, or changes one: its text, beside what is wrong with it and what it does. */
export default function Composer({ play, onClose }: { play: string | null; onClose: () => void }) {
  const words = useWords();
  const language = useLanguage();
  const { message } = App.useApp();
  const [text, setText] = useState(play === null ? BEGINNING + (PARTS[0]?.[1] ?? "") : "");
  const [checked, setChecked] = useState<Schema["PlayChecked"]>();
  const path = { params: { path: { play: play ?? nameIn(text) } } };
  useEffect(() => {
    if (play === null) return;
    void client.GET("/v1/plays/{play}/spec", { params: { path: { play } } }).then(({ data }) => {
      if (data) setText(data.text);
    });
  }, [play]);
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => {
      void client
        .POST("/v1/plays/{play}/check", { params: { path: { play: play ?? nameIn(text) } }, body: { text } })
        .then(({ data }) => {
          setChecked(data);
        })
        .catch(() => undefined);
    }, 300);
    return () => {
      clearTimeout(timer);
    };
  }, [play, text]);
  const publish = api.useMutation("post", "/v1/plays/{play}/versions", {
    onSuccess: (done) => {
      void message.success(words.published(done.play, done.version));
      onClose();
    },
    onError: (problem: unknown) => {
      void message.error(problem instanceof ApiProblem ? problem.detail : String(problem));
    },
  });
  const mistakes = checked?.mistakes ?? [];
  return (
    <Drawer
      open
      size={1000}
      title={play ?? words.compose}
      onClose={onClose}
      extra={
        <Button
          type="primary"
          disabled={!checked?.play}
          loading={publish.isPending}
          onClick={() => {
            publish.mutate({ ...path, body: { text } });
          }}
        >
          {words.publish}
        </Button>
      }
    >
      <Flex vertical gap={12}>
        <Quiet>{words.composeAbout}</Quiet>
        <Flex gap={8} wrap role="group" aria-label={words.parts}>
          {PARTS.map(([name, snippet]) => (
            <Button
              key={name}
              size="small"
              onClick={() => {
                setText((before) => `${before.replace(/\n*$/, "\n")}${snippet}`);
              }}
            >
              {name}
            </Button>
          ))}
        </Flex>
        <Flex gap={16} wrap>
          <Input.TextArea
            aria-label={words.text}
            value={text}
            autoSize={{ minRows: 16 }}
            spellCheck={false}
            style={{ flex: "2 1 420px", fontFamily: "ui-monospace, monospace" }}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
          <div style={{ flex: "1 1 260px" }} role="status">
            {checked && mistakes.length === 0 && <strong>{words.fine}</strong>}
            {mistakes.map((each) => (
              <p key={`${each.line}:${each.column}:${each.code}`} style={{ margin: "0 0 8px" }}>
                <Quiet small>
                  {words.line(each.line)} {each.code}
                </Quiet>
                <br />
                {language === "zh" ? each.zh : each.en}
              </p>
            ))}
            <div style={{ whiteSpace: "pre-wrap" }}>{language === "zh" ? checked?.zh : checked?.en}</div>
          </div>
        </Flex>
      </Flex>
    </Drawer>
  );
}
