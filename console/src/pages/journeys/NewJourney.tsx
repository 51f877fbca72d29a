import { useNavigate } from "@tanstack/react-router";
import { Form, Input, Modal, Select } from "antd";
import { api } from "@/api/client";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

interface Named {
  name: string;
  title?: string;
  recipe?: string;
}

/** What a new journey is called, and what it is begun with; it is written in the editor. */
export default function NewJourney({ taken, onClose }: { taken: string[]; onClose: () => void }) {
  const words = useWords();
  const navigate = useNavigate();
  const lang = useLanguage();
  const { data: recipes } = api.useQuery(
    "get",
    "/v1/recipes",
    { params: { query: { lang } } },
    { staleTime: Infinity },
  );
  const [form] = Form.useForm<Named>();
  const recipe = Form.useWatch("recipe", form);
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
        onFinish={({ name, title, recipe }) =>
          void navigate({ to: "/journeys/$name/edit", params: { name }, search: recipe ? { recipe } : { title } })
        }
      >
        <Form.Item name="recipe" label={words.from} extra={recipe && words.fromAbout}>
          <Select
            allowClear
            placeholder={words.blank}
            options={(recipes ?? []).map((each) => ({ value: each.recipe, label: each.about }))}
          />
        </Form.Item>
        {!recipe && (
          <Form.Item name="title" label={words.called}>
            <Input autoFocus maxLength={100} placeholder={words.calledHint} />
          </Form.Item>
        )}
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
