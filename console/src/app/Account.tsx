import { Button, Flex } from "antd";
import Avatar from "antd/es/avatar/Avatar"; // alone: the index brings groups of them, whose rest is told in a popover
import { lazy, Suspense, useState } from "react";
import { useMe } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

const AccountMenu = lazy(() => import("./AccountMenu"));

/** Who is signed in; a click loads what they can choose. */
export function Account() {
  const words = useWords();
  const me = useMe();
  const [wanted, setWanted] = useState(false);
  const button = (
    <Button
      type="text"
      block
      aria-haspopup="menu"
      style={{ height: 44, padding: "0 8px", justifyContent: "flex-start" }}
      onClick={() => {
        setWanted(true);
      }}
    >
      <Avatar size={26} style={{ background: "var(--ant-color-primary)", color: "var(--ant-color-text-light-solid)" }}>
        {me.name.slice(0, 1)}
      </Avatar>
      <Flex vertical align="start" style={{ lineHeight: "18px", minWidth: 0 }}>
        <span>{me.name}</span>
        <Quiet small>{me.roles.map((role) => words.roles[role] ?? role).join(" · ")}</Quiet>
      </Flex>
    </Button>
  );
  return (
    <div style={{ padding: "0 8px" }}>
      {wanted ? (
        <Suspense fallback={button}>
          <AccountMenu>{button}</AccountMenu>
        </Suspense>
      ) : (
        button
      )}
    </div>
  );
}
