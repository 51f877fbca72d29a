import { BgColorsOutlined, CheckOutlined, LogoutOutlined, TranslationOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Avatar, Button, Dropdown, Flex, type MenuProps } from "antd";
import { api } from "@/api/client";
import { prefer, type Theme, usePreferences } from "@/parts/preferences";
import { useMe } from "@/parts/me";
import { useWords } from "./words";
import { Quiet } from "@/parts/Quiet";

/** Who is signed in, and what they choose for themselves. */
export function Account() {
  const words = useWords();
  const me = useMe();
  const queries = useQueryClient();
  const { language, theme } = usePreferences();
  const { mutate: signOut } = api.useMutation("delete", "/v1/session");
  const themes: Theme[] = ["light", "dark", "system"];
  const items: MenuProps["items"] = [
    {
      key: "language",
      icon: <TranslationOutlined />,
      label: words.language,
      onClick: () => {
        prefer({ language: language === "zh" ? "en" : "zh" });
      },
    },
    { type: "divider" },
    ...themes.map((each) => ({
      key: each,
      icon: each === theme ? <CheckOutlined /> : <BgColorsOutlined style={{ opacity: 0 }} />,
      label: words[each],
      onClick: () => {
        prefer({ theme: each });
      },
    })),
    { type: "divider" },
    {
      key: "out",
      icon: <LogoutOutlined />,
      label: words.signOut,
      onClick: () => {
        signOut(
          {},
          {
            onSuccess: () => {
              queries.clear();
              window.location.assign("/console");
            },
          },
        );
      },
    },
  ];
  return (
    <div style={{ padding: "0 8px" }}>
      <Dropdown menu={{ items }} trigger={["click"]} placement="topLeft">
        <Button type="text" block style={{ height: 44, padding: "0 8px", justifyContent: "flex-start" }}>
          <Avatar
            size={26}
            style={{ background: "var(--ant-color-primary)", color: "var(--ant-color-text-light-solid)" }}
          >
            {me.name.slice(0, 1)}
          </Avatar>
          <Flex vertical align="start" style={{ lineHeight: "18px", minWidth: 0 }}>
            <span>{me.name}</span>
            <Quiet small>{me.roles.map((role) => words.roles[role] ?? role).join(" · ")}</Quiet>
          </Flex>
        </Button>
      </Dropdown>
    </div>
  );
}
