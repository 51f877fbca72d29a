import { useQueryClient } from "@tanstack/react-query";
import { App, Flex, Input, Modal } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { useWords } from "./words";

/** Makes a topic a requirement. */
export function Propose({ topic, onClose }: { topic: Schema["TopicState"]; onClose: () => void }) {
  const words = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [proposal, setProposal] = useState("");
  const [measure, setMeasure] = useState("");
  const { mutate, isPending } = api.useMutation("post", "/v1/requirements", {
    onSuccess: async () => {
      void message.success(words.proposed);
      await queries.invalidateQueries({ queryKey: ["get", "/v1/requirements"] });
      onClose();
    },
    onError: () => message.error(words.failed),
  });
  return (
    <Modal
      open
      title={words.proposeAbout(topic.title)}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={isPending}
      okButtonProps={{ disabled: proposal.trim() === "" || measure.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        const { sku, aspect, topic: name } = topic;
        mutate({ body: { sku: sku ?? "", aspect, topic: name, proposal, measure } });
      }}
    >
      <Flex vertical gap={12}>
        <Input.TextArea
          aria-label={words.proposal}
          placeholder={words.proposal}
          maxLength={4000}
          value={proposal}
          onChange={(event) => {
            setProposal(event.target.value);
          }}
        />
        <Input
          aria-label={words.measure}
          placeholder={words.measure}
          maxLength={4000}
          value={measure}
          onChange={(event) => {
            setMeasure(event.target.value);
          }}
        />
      </Flex>
    </Modal>
  );
}
