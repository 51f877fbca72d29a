import { useNavigate } from "@tanstack/react-router";
import { Form, Input, Modal } from "antd";
import { useWords } from "./words";

interface Named {
  name: string;
  title?: string;
}

/** What a new journey is called; it is written in the editor. */
export default function NewJourney({ taken, onClose }: { taken: string[]; onClose: () => void }) {
  const words = useWords();
  const navigate = useNavigate();
  const [form] = Form.useForm<Named>();
  return (
    <Modal
      open
      width={460}
      title={words.create}
      okText={words.begin}
      cancelText={words.cancel}
      onCancel={onClose}
      onOk={() => {
        form.submit();
      }}
    >
      <Form<Named>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={({ name, title }) =>
          void navigate({ to: "/journeys/$name/edit", params: { name }, search: title ? { title } : {} })
        }
      >
        <Form.Item name="title" label={words.called}>
          <Input autoFocus maxLength={100} placeholder={words.calledHint} />
        </Form.Item>
        <Form.Item
          name="name"
          label={words.id}
          extra={words.idAbout}
          rules={[
            { required: true, message: words.idWrong },
            { pattern: /^[a-z][a-z0-9_]{0,63}$/, message: words.idWrong },
            {
              validator: (_, value: string) =>
                taken.includes(value) ? Promise.reject(new Error(words.idTaken)) : Promise.resolve(),
            },
          ]}
        >
          <Input maxLength={64} placeholder="weekend_thanks" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
