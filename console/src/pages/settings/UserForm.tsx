import { useQueryClient } from "@tanstack/react-query";
import { Alert, Checkbox, Flex, Form, Input, Modal, Switch } from "antd";
import { api, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

type Role = Schema["RoleState"]["role"];

interface Values {
  name: string;
  email?: string;
  phone?: string;
  roles: string[];
  staff?: string;
  active: boolean;
}

/** Makes a user, or changes one as they were read. */
export function UserForm({ user, onClose }: { user: Schema["UserState"] | undefined; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<Values>();
  const roles = api.useQuery("get", "/v1/roles");
  const make = api.useMutation("post", "/v1/users");
  const change = api.useMutation("patch", "/v1/users/{id}");
  const active = (Form.useWatch("active", form) as boolean | undefined) ?? true;
  const done = {
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  };
  const submit = ({ name, email, phone, roles, staff, active }: Values) => {
    const body = { name, roles: roles as never[], staff: staff ?? "" };
    if (user)
      change.mutate(
        { params: { path: { id: user.id }, header: { "if-match": user.etag } }, body: { ...body, active } },
        done,
      );
    else make.mutate({ body: { ...body, ...(email && { email }), ...(phone && { phone }) } }, done);
  };
  const needed = [{ required: true, message: words.needed }];
  const some = [{ type: "array" as const, min: 1, message: words.needed }];
  return (
    <Modal
      open
      width={520}
      title={user ? user.name : words.addUser}
      okText={user ? words.save : words.add}
      okButtonProps={{ danger: user?.active === true && !active }}
      cancelText={words.cancel}
      confirmLoading={make.isPending || change.isPending}
      onCancel={onClose}
      onOk={() => {
        form.submit();
      }}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{
          name: user?.name,
          roles: user?.roles ?? [],
          staff: user?.staff ?? undefined,
          active: user?.active ?? true,
        }}
        onFinish={submit}
      >
        <Form.Item name="name" label={words.name} rules={needed}>
          <Input maxLength={100} autoFocus />
        </Form.Item>
        {!user && (
          <Flex gap={12}>
            <Form.Item
              name="email"
              label={words.email}
              style={{ flex: 1 }}
              dependencies={["phone"]}
              rules={[
                ({ getFieldValue }) => ({
                  validator: (_, value) =>
                    value || getFieldValue("phone") ? Promise.resolve() : Promise.reject(new Error(words.oneLogin)),
                }),
              ]}
            >
              <Input maxLength={200} />
            </Form.Item>
            <Form.Item name="phone" label={words.phone} style={{ flex: 1 }}>
              <Input maxLength={50} />
            </Form.Item>
          </Flex>
        )}
        <Form.Item name="roles" label={words.role} rules={some}>
          <Checkbox.Group style={{ width: "100%" }}>
            <Flex vertical gap={6}>
              {roles.data?.map((each) => (
                <RoleChoice key={each.role} role={each.role} permissions={each.permissions} />
              ))}
            </Flex>
          </Checkbox.Group>
        </Form.Item>
        <Form.Item name="staff" label={words.staff} extra={words.staffAbout}>
          <Input maxLength={100} />
        </Form.Item>
        {user && (
          <Form.Item
            name="active"
            label={words.active}
            valuePropName="checked"
            {...(!active && { extra: words.disableAbout })}
          >
            <Switch />
          </Form.Item>
        )}
        <Wrong error={make.error ?? change.error ?? roles.error} />
      </Form>
    </Modal>
  );
}

function RoleChoice({ role, permissions }: { role: Role; permissions: string[] }) {
  const words = useWords();
  return (
    <div>
      <Checkbox value={role}>{words.roles[role] ?? role}</Checkbox>
      <div style={{ paddingInlineStart: 24 }}>
        <Quiet small>{permissions.map((each) => words.permissions[each] ?? each).join("、")}</Quiet>
      </div>
    </div>
  );
}

function Wrong({ error }: { error: unknown }) {
  const words = useWords();
  if (error === null) return null;
  if (isStatus(error, 412)) return <Alert type="warning" showIcon title={words.changedMeanwhile} />;
  const field = error instanceof ApiProblem ? error.errors[0]?.field : undefined;
  const say = field === undefined ? undefined : words.unfit[field];
  return say ? <Alert type="warning" showIcon title={say} /> : <Failure error={error} />;
}
