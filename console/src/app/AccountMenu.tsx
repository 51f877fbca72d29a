import { BgColorsOutlined, CheckOutlined, LogoutOutlined, TranslationOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Dropdown, type MenuProps } from "antd";
import { type ReactElement, useState } from "react";
import { api } from "@/api/client";
import { prefer, type Theme, usePreferences } from "@/parts/preferences";
import { useWords } from "./words";

/** What somebody chooses for themselves; open from the first. */
export default function AccountMenu({ children }: { children: ReactElement }) {
  const words = useWords();
  const queries = useQueryClient();
  const [open, setOpen] = useState(true);
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
    <Dropdown menu={{ items }} trigger={["click"]} placement="topLeft" open={open} onOpenChange={setOpen} autoFocus>
      {children}
    </Dropdown>
  );
}
