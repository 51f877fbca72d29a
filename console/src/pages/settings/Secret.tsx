import { Button, Flex, Input, Modal } from "antd";
import { useState } from "react";
import { useWords } from "./words";

interface Props {
  title: string;
  about: string;
  secret: string;
  onClose: () => void;
}

/** Something that is shown once, to be copied. */
export function Secret({ title, about, secret, onClose }: Props) {
  const words = useWords();
  const [copied, setCopied] = useState(false);
  return (
    <Modal
      open
      width={560}
      title={title}
      mask={{ closable: false }}
      footer={<Button onClick={onClose}>{words.close}</Button>}
      onCancel={onClose}
    >
      <p>{about}</p>
      <Flex gap={8}>
        <Input readOnly aria-label={title} value={secret} />
        <Button
          type="primary"
          onClick={() => {
            void navigator.clipboard.writeText(secret).then(() => {
              setCopied(true);
            });
          }}
        >
          {copied ? words.copied : words.copy}
        </Button>
      </Flex>
    </Modal>
  );
}
