import { Alert, Button, Flex, Input, Segmented, Timeline } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Backtest, wrong } from "./Backtest";
import { Keep } from "./Keep";
import { Tests } from "./Tests";
import { useWords } from "../words";

interface Props {
  name: string;
  text: string;
  sound: boolean;
}

/** What the draft would do: to one customer, to all over the last days, and in the journey's tests. Nothing is sent. */
export default function Try({ name, text, sound }: Props) {
  const words = useWords();
  const [way, setWay] = useState<"one" | "all" | "tests">("one");
  return (
    <Flex vertical gap={14}>
      <Segmented
        block
        value={way}
        options={[
          { value: "one", label: words.tryOne },
          { value: "all", label: words.tryAll },
          { value: "tests", label: words.tests },
        ]}
        onChange={setWay}
      />
      {!sound && <Alert type="warning" showIcon title={words.trySound} />}
      {way === "one" && <One name={name} text={text} sound={sound} />}
      {way === "all" && <Backtest name={name} text={text} sound={sound} />}
      {way === "tests" && <Tests name={name} text={text} sound={sound} />}
    </Flex>
  );
}

function One({ name, text, sound }: Props) {
  const words = useWords();
  const lang = useLanguage();
  const [customer, setCustomer] = useState("");
  const { mutate, data, error, isPending } = api.useMutation("post", "/v1/journeys/{name}/draft/simulate");
  const who = customer.trim();
  const named = /^\+?\d{8,15}$/.test(who) ? `phone:${who}` : who;
  return (
    <>
      <Quiet>{words.tryOneAbout}</Quiet>
      <Flex gap={8}>
        <Input
          aria-label={words.customer}
          placeholder={words.customerHint}
          value={customer}
          onChange={(event) => {
            setCustomer(event.target.value);
          }}
        />
        <Button
          type="primary"
          loading={isPending}
          disabled={!sound || who === ""}
          onClick={() => {
            mutate({ params: { path: { name }, query: { lang } }, body: { text, customer: named, data: {} } });
          }}
        >
          {words.simulate}
        </Button>
      </Flex>
      {error !== null && <Alert type="warning" showIcon title={wrong(error)} />}
      {data && (
        <>
          <Quiet>{words.begun(data.begun_by, instant(data.at))}</Quiet>
          {data.happenings.length === 0 && <Quiet>{words.nothingHappens}</Quiet>}
          <Timeline
            items={data.happenings.map((each) => ({
              content: (
                <Flex vertical>
                  <Quiet small>{instant(each.at)}</Quiet>
                  <span>{each.words}</span>
                  {each.text && <div className="said">{each.text}</div>}
                </Flex>
              ),
            }))}
          />
          <Keep key={named} name={name} text={text} customer={named} />
        </>
      )}
    </>
  );
}
