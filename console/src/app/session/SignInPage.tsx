import { Flex } from "antd";
import { Mark } from "../Mark";
import { SignIn } from "./SignIn";
import { Ways } from "./Ways";
import { useWords } from "../words";

export default function SignInPage() {
  const words = useWords();
  return (
    <Flex component="main" align="center" justify="center" style={{ minHeight: "100%", padding: 16 }}>
      <div style={{ width: "100%", maxWidth: 360 }}>
        <Flex align="center" gap={10} style={{ marginBottom: 24 }}>
          <Mark size={32} />
          <h1 style={{ fontWeight: 600, fontSize: 22, margin: 0 }}>{words.signInTo}</h1>
        </Flex>
        <SignIn />
        <Ways />
      </div>
    </Flex>
  );
}
