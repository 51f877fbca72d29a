import { Alert, Button, Flex, Progress, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { csrfToken } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChannels } from "@/parts/channels";
import { Figures } from "@/parts/Figures";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "../words";

/** What a back-test tells at its end. */
interface Backtested {
  entered: number;
  not_entered: Record<string, number>;
  sent: Record<string, number>;
  suppressed: Record<string, number>;
  coupons: number;
  cost: number;
  goals: number;
}

interface Props {
  name: string;
  text: string;
  sound: boolean;
}

/** What is wrong, in words. */
export const wrong = (error: unknown): string =>
  error instanceof ApiProblem ? (error.errors[0]?.detail ?? (error.detail || error.message)) : String(error);

const DAYS = [7, 30, 90];

/** What a text would have done over the last days, with how far it is, and a way to end it. */
export function Backtest({ name, text, sound }: Props) {
  const words = useWords();
  const channels = useChannels();
  const lang = useLanguage();
  const [days, setDays] = useState(30);
  const [played, setPlayed] = useState<number>();
  const [result, setResult] = useState<Backtested>();
  const [error, setError] = useState<string>();
  const abort = useRef<AbortController>(null);
  useEffect(
    () => () => {
      abort.current?.abort();
    },
    [],
  );
  const run = async () => {
    const running = new AbortController();
    abort.current = running;
    setPlayed(0);
    setResult(undefined);
    setError(undefined);
    try {
      const answer = await fetch(`/v1/journeys/${encodeURIComponent(name)}/draft/backtest?lang=${lang}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRF-Token": csrfToken(),
          "Accept-Language": document.documentElement.lang,
        },
        body: JSON.stringify({ text, days }),
        signal: running.signal,
      });
      if (!answer.ok || !answer.body) throw new ApiProblem(answer.status, await answer.json().catch(() => null));
      let rest = "";
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + part.value).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const told = JSON.parse(line) as {
            played?: number;
            of?: number;
            error?: string;
            result?: Backtested;
          };
          if (told.of) setPlayed(Math.round(((told.played ?? 0) / told.of) * 100));
          if (told.result) setResult(told.result);
          if (told.error) setError(told.error);
        }
      }
    } catch (problem) {
      if (!running.signal.aborted) setError(wrong(problem));
    } finally {
      setPlayed(undefined);
    }
  };
  const share = (counts: Record<string, number>) => Object.entries(counts).sort(([, one], [, other]) => other - one);
  return (
    <>
      <Quiet>{words.tryAllAbout}</Quiet>
      <Flex gap={8}>
        <Select
          aria-label={words.days}
          value={days}
          options={DAYS.map((value) => ({ value, label: words.lastDays(value) }))}
          onChange={setDays}
        />
        {played === undefined ? (
          <Button type="primary" disabled={!sound} onClick={() => void run()}>
            {words.backtest}
          </Button>
        ) : (
          <Button
            onClick={() => {
              abort.current?.abort();
            }}
          >
            {words.cancel}
          </Button>
        )}
      </Flex>
      {played !== undefined && <Progress percent={played} aria-label={words.backtest} />}
      {error && <Alert type="warning" showIcon title={error} />}
      {result && (
        <>
          <Figures
            items={[
              [words.entered, count(result.entered)],
              [words.sentAll, count(Object.values(result.sent).reduce((sum, each) => sum + each, 0))],
              [words.goals, count(result.goals)],
              [words.coupons, `${count(result.coupons)}（${words.yuan(count(Math.round(result.cost / 100)))}）`],
            ]}
          />
          {([["not_entered", words.notEntered], ["sent", words.sentBy], ["suppressed", words.suppressed]] as const).map(
            ([key, label]) =>
              Object.keys(result[key]).length > 0 && (
                <div key={key}>
                  <Quiet small>{label}</Quiet>
                  {share(result[key]).map(([what, n]) => (
                    <Flex key={what} justify="space-between">
                      <span>{key === "sent" ? (channels[what] ?? what) : what}</span>
                      <strong>{count(n)}</strong>
                    </Flex>
                  ))}
                </div>
              ),
          )}
        </>
      )}
    </>
  ); // prettier-ignore
}
