import { makeWords } from "@/parts/words";

export const useWords = makeWords({
  zh: {
    title: (id: string) => `客户 ${id}`,
    about: "发生过什么，为什么，由早到晚",
    more: "更多",
    none: "这位客户还没有进入过任何旅程。",
  },
  en: {
    title: (id: string) => `Customer ${id}`,
    about: "What happened and why, the oldest first",
    more: "More",
    none: "This customer hasn't been in any journey yet.",
  },
});
