import { SearchOutlined } from "@ant-design/icons";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { AutoComplete, Flex, Input, Modal, Spin } from "antd";
import { type ReactNode, useDeferredValue, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { StateTag } from "@/parts/StateTag";
import { usePlaces } from "./navigation";
import { useWords } from "./words";
import { Quiet } from "@/parts/Quiet";

interface Option {
  value: string;
  label: ReactNode;
}

/** Finds a journey, a customer or a page from anywhere. */
export default function Search({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const navigate = useNavigate();
  const places = usePlaces();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const { data, error, isFetching } = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { q: wanted } } },
    { enabled: wanted !== "", placeholderData: keepPreviousData },
  );
  const found = wanted === "" ? undefined : data;
  const pages = places.filter((each) => each.label.toLowerCase().includes(wanted.toLowerCase()));
  const options = [
    ...(found?.journeys.map((each) => journeyOption(each, words.journeys)) ?? []),
    ...(found?.customers.map((each) => customerOption(each, words.customers)) ?? []),
    ...pages.map((each) => option(each.path, each.label, words.page)),
  ];
  return (
    <Modal
      open
      footer={null}
      closable={false}
      onCancel={onClose}
      width={560}
      style={{ top: 80 }}
      title={words.search}
      styles={{ container: { padding: 8 }, header: { padding: "4px 8px", margin: 0 } }}
    >
      <AutoComplete
        autoFocus
        defaultActiveFirstOption
        open
        options={options}
        listHeight={360}
        style={{ width: "100%" }}
        value={text}
        onChange={setText}
        onSelect={(path: string) => {
          onClose();
          void navigate({ to: path });
        }}
        showSearch={{ filterOption: false }}
        notFoundContent={
          <Quiet>{wanted === "" ? words.searchStart : isFetching ? <Spin size="small" /> : words.searchEmpty}</Quiet>
        }
      >
        <Input
          size="large"
          variant="borderless"
          aria-label={words.search}
          placeholder={words.searchHint}
          prefix={<SearchOutlined />}
          maxLength={200}
          onKeyDown={(event) => {
            if (event.key === "Escape") onClose();
          }}
        />
      </AutoComplete>
      {error !== null && <Failure error={error} />}
    </Modal>
  );
}

function option(value: string, name: ReactNode, kind: string): Option {
  return {
    value,
    label: (
      <Flex justify="space-between" align="center" gap={8}>
        <Flex gap={8} align="center">
          {name}
        </Flex>
        <Quiet small>{kind}</Quiet>
      </Flex>
    ),
  };
}

function journeyOption(each: Schema["FoundJourney"], kind: string): Option {
  const name = (
    <>
      <bdi>{each.title}</bdi>
      <Quiet small>{each.journey}</Quiet>
      {each.state !== "live" && <StateTag state={each.state} />}
    </>
  );
  return option(`/journeys/${encodeURIComponent(each.journey)}`, name, kind);
}

function customerOption(each: Schema["FoundCustomer"], kind: string): Option {
  const name = (
    <>
      <bdi>{each.name ?? `#${each.id}`}</bdi>
      <Quiet small>{each.value ?? `#${each.id}`}</Quiet>
    </>
  );
  return option(`/customers/${each.id}`, name, kind);
}
