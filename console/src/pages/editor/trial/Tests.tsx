import { CheckCircleOutlined, CloseCircleOutlined, DownloadOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Input, Skeleton, theme } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { wrong } from "./Backtest";
import { useWords } from "../words";

interface Props {
  name: string;
  text: string;
  sound: boolean;
}

/** The tests that are kept with a journey: run on the draft, written on, downloaded. */
export function Tests({ name, text, sound }: Props) {
  const words = useWords();
  const lang = useLanguage();
  const path = { name };
  const kept = api.useQuery("get", "/v1/journeys/{name}/tests", { params: { path } });
  const run = api.useMutation("post", "/v1/journeys/{name}/draft/tests");
  const keep = api.useMutation("put", "/v1/journeys/{name}/tests");
  const [written, setWritten] = useState<string>();
  const { data } = kept;
  if (!data) return kept.error === null ? <Skeleton active title={false} /> : <Failure error={kept.error} />;
  const tests = written ?? data.text;
  const changed = tests !== data.text;
  const error: unknown = run.error ?? keep.error;
  return (
    <>
      <Quiet>{data.text === "" && !changed ? words.noTests : words.testsAbout}</Quiet>
      <Flex gap={8} wrap>
        <Button
          type="primary"
          loading={run.isPending}
          disabled={!sound || tests.trim() === ""}
          onClick={() => {
            run.mutate({ params: { path, query: { lang } }, body: { text, tests } });
          }}
        >
          {words.runTests}
        </Button>
        {changed && (
          <Button
            loading={keep.isPending}
            onClick={() => {
              keep.mutate(
                { params: { path, header: { "if-match": data.etag } }, body: { text: tests } },
                {
                  onSuccess: () => {
                    setWritten(undefined);
                    void kept.refetch();
                  },
                },
              );
            }}
          >
            {words.keepTests}
          </Button>
        )}
        {data.text !== "" && (
          <Button
            icon={<DownloadOutlined />}
            href={`data:application/yaml;charset=utf-8,${encodeURIComponent(data.text)}`}
            download={`${name}.yaml`}
          >
            {words.download}
          </Button>
        )}
      </Flex>
      {error !== null && <Alert type="error" showIcon title={isStatus(error, 412) ? words.testsMoved : wrong(error)} />}
      {run.data && <Verdicts cases={run.data.cases} />}
      <Input.TextArea
        aria-label={words.testsText}
        rows={16}
        spellCheck={false}
        style={{ fontFamily: "monospace", fontSize: 12 }}
        value={tests}
        onChange={({ target }) => {
          setWritten(target.value);
        }}
      />
    </>
  );
}

/** How each case went; of one that didn't pass, what was expected beside what happened. */
export function Verdicts({ cases }: { cases: Schema["Played"][] }) {
  const words = useWords();
  const { token } = theme.useToken();
  return (
    <section aria-live="polite">
      {cases.map((each, place) => (
        <div key={place} style={{ marginBottom: 8 }}>
          <span style={{ color: each.passed ? token.colorSuccessText : token.colorErrorText }}>
            {each.passed ? <CheckCircleOutlined /> : <CloseCircleOutlined />} {each.passed ? words.passes : words.fails}
          </span>{" "}
          {each.case}
          {each.problem && <div>{each.problem}</div>}
          {!each.passed && !each.problem && (
            <>
              {[[words.expected, each.expected] as const, [words.happened, each.happened] as const].map(
                ([label, lines]) => (
                  <div key={label}>
                    <Quiet small>{label}</Quiet>
                    <pre className="clash">{lines.join("\n") || words.nothing}</pre>
                  </div>
                ),
              )}
            </>
          )}
        </div>
      ))}
    </section>
  );
}
