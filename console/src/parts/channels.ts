import { makeWords, record } from "./words";

/** What people call the channels. */
export const useChannels = makeWords({
  zh: record({ sms: "短信", wecom: "企业微信", wechat: "公众号", mini: "小程序", email: "邮件" }),
  en: record({ sms: "SMS", wecom: "WeCom", wechat: "WeChat", mini: "Mini program", email: "Email" }),
});
