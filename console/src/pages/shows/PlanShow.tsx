import { useQueryClient } from "@tanstack/react-query";
import { Alert, DatePicker, Form, Input, Modal } from "antd";
import type { Dayjs } from "dayjs";
import { api } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useWords } from "./words";

interface Plan {
  stream_id: string;
  title?: string;
  city?: string;
  starts_at: Dayjs;
}

export default function PlanShow({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<Plan>();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/streams");
  const needed = [{ required: true, message: words.required }];
  return (
    <Modal
      open
      width={460}
      title={words.plan}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        form.submit();
      }}
    >
      <Form<Plan>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={({ stream_id, title, city, starts_at }) => {
          const body = {
            stream_id,
            starts_at: starts_at.toISOString(),
            ...(title && { title }),
            ...(city && { city }),
          };
          mutate(
            { body },
            {
              onSuccess: () => {
                void queries.invalidateQueries();
                onClose();
              },
            },
          );
        }}
      >
        <Form.Item name="title" label={words.name}>
          <Input autoFocus maxLength={200} />
        </Form.Item>
        <Form.Item name="stream_id" label={words.id} extra={words.idAbout} rules={needed}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="starts_at" label={words.startsAt} rules={needed}>
          <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="city" label={words.city} extra={words.cityAbout}>
          <Input maxLength={200} />
        </Form.Item>
        <Wrong error={error} />
      </Form>
    </Modal>
  );
}

function Wrong({ error }: { error: unknown }) {
  const words = useWords();
  if (error === null) return null;
  if (isStatus(error, 409)) return <Alert type="warning" showIcon title={words.exists} />;
  if (isStatus(error, 422)) return <Alert type="warning" showIcon title={words.badTime} />;
  return <Failure error={error} />;
}
