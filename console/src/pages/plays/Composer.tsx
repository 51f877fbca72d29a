import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Drawer, Flex, Input } from "antd";
import { useEffect, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { BEGINNING, moved, nameIn, parted, type Part, PARTS, withPart, without } from "./parts";
import { useWords } from "./words";

interface Props {
  play: string | null;
  /** The plays that there are. */
  known: string[];
  onClose: () => void;
}

/** Puts a play together from parts, or changes one: its text, beside what is wrong with it and what it does. */
export default function Composer({ play, known, onClose }: Props) {
  const words = useWords();
  const language = useLanguage();
  const { message } = App.useApp();
  const [text, setText] = useState(play === null ? withPart(BEGINNING, "entries") : "");
  const [checked, setChecked] = useState<Schema["PlayChecked"]>();
  const name = play ?? nameIn(text);
  useEffect(() => {
    if (play === null) return;
    void client.GET("/v1/plays/{play}/spec", { params: { path: { play } } }).then(({ data }) => {
      if (data) setText(data.text);
    });
  }, [play]);
  useEffect(() => {
    if (!text) return;
    let over = false;
    const timer = setTimeout(() => {
      void client
        .POST("/v1/plays/{play}/check", { params: { path: { play: name } }, body: { text } })
        .then(({ data }) => {
          if (!over) setChecked(data);
        })
        .catch(() => undefined);
    }, 300);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [name, text]);
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
  const about = language === "zh" ? checked?.zh : checked?.en;
  return (
    <Drawer
      open
      size={1100}
      mask={{ closable: false }}
      title={play ?? words.compose}
      onClose={onClose}
      extra={
        <Button
          type="primary"
          disabled={!checked?.play}
          loading={publish.isPending}
          onClick={() => {
            publish.mutate({ params: { path: { play: name } }, body: { text } });
          }}
        >
          {words.publish}
        </Button>
      }
    >
      <Flex vertical gap={12}>
        <Quiet>{words.composeAbout}</Quiet>
        {play === null && known.includes(name) && <Alert type="warning" showIcon title={words.isThere(name)} />}
        <Flex gap={8} wrap role="group" aria-label={words.parts}>
          {(Object.keys(PARTS) as Part[]).map((part) => (
            <Button
              key={part}
              size="small"
              onClick={() => {
                setText((before) => withPart(before, part));
              }}
            >
              + {words.part[part]}
            </Button>
          ))}
        </Flex>
        <Flex gap={16} wrap>
          <Flex vertical gap={8} style={{ flex: "1 1 320px", minWidth: 0 }}>
            <Steps text={text} about={about ?? ""} onChange={setText} />
            <div role="status">
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
              <div style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                {about?.split(/^1\. /m)[0]?.replaceAll("**", "")}
              </div>
            </div>
          </Flex>
          <Input.TextArea
            aria-label={words.text}
            value={text}
            rows={Math.max(16, text.split("\n").length + 1)}
            spellCheck={false}
            style={{ flex: "2 1 420px", fontFamily: "ui-monospace, monospace" }}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
        </Flex>
      </Flex>
    </Drawer>
  );
}

/** The steps one below the other, in words as far as they are sound, to be moved and taken out. */
function Steps({ text, about, onChange }: { text: string; about: string; onChange: (text: string) => void }) {
  const words = useWords();
  const steps = parted(text)?.steps ?? [];
  const told = about.split(/^(?=\d+\. )/m).slice(1);
  return (
    <ol aria-label={words.steps} style={{ margin: 0, padding: 0, listStyle: "none", display: "grid", gap: 8 }}>
      {steps.map((step, place) => {
        const said = told.length === steps.length ? told[place]?.replace(/^\d+\. /, "").trimEnd() : undefined;
        const named = said ?? step.trim().replace(/^- /, "").split("\n")[0] ?? "";
        return (
          <li key={place}>
            <Card size="small">
              <Flex justify="space-between" align="center" gap={8}>
                <span style={{ overflowWrap: "anywhere", minWidth: 0, whiteSpace: "pre-wrap" }}>
                  {place + 1}. {named}
                </span>
                <Flex>
                  <Button
                    type="text"
                    size="small"
                    icon={<ArrowUpOutlined />}
                    aria-label={words.up(place + 1)}
                    disabled={place === 0}
                    onClick={() => {
                      onChange(moved(text, place, -1));
                    }}
                  />
                  <Button
                    type="text"
                    size="small"
                    icon={<ArrowDownOutlined />}
                    aria-label={words.down(place + 1)}
                    disabled={place === steps.length - 1}
                    onClick={() => {
                      onChange(moved(text, place, 1));
                    }}
                  />
                  <Button
                    type="text"
                    size="small"
                    danger
                    icon={<DeleteOutlined />}
                    aria-label={words.remove(place + 1)}
                    onClick={() => {
                      onChange(without(text, place));
                    }}
                  />
                </Flex>
              </Flex>
            </Card>
          </li>
        );
      })}
    </ol>
  );
}
