// The page's own words, days and times in both languages, and which language is on.
// What is said in the conversation is not translated: the bot answers in Vietnamese.

import { KEY, shelf } from './memory.js';

const TIME_ZONE = 'Asia/Ho_Chi_Minh';

const WORDS = {
  vi: {
    stuck: 'Trang tải chưa xong. Cô/bác tải lại trang, hoặc mở bằng trình duyệt khác giúp em ạ.',
    otherLanguage: 'English',
    skip: 'Tới ô nhập tin nhắn',
    name: 'Hotline chuyển đổi số',
    assistant: 'Trợ lý ảo trả lời, có cán bộ khi cần.',
    person: 'Gặp cán bộ',
    conversation: 'Nội dung trò chuyện',
    welcome: 'Em chào cô/bác ạ!',
    intro: 'Em là trợ lý ảo, trả lời câu hỏi về chương trình chuyển đổi số cho hộ kinh doanh. Cô/bác cứ viết như nói chuyện, không dấu cũng được ạ.',
    safety: 'Em không bao giờ hỏi mật khẩu, mã OTP hay số thẻ ngân hàng.',
    examples: 'Cô/bác có thể hỏi:',
    typing: 'Em đang trả lời',
    newer: 'Tin mới',
    compose: 'Viết tin nhắn',
    message: 'Tin nhắn',
    placeholder: 'Viết câu hỏi ở đây',
    send: 'Gửi',
    photo: 'Gửi ảnh',
    offline: 'Mất kết nối, đang thử lại… Tin nhắn của cô/bác vẫn được giữ.',
    sending: 'Đang gửi…',
    sent: 'Đã gửi',
    queued: 'Đang chờ gửi…',
    failed: 'Chưa gửi được, đang tự thử lại.',
    retry: 'Gửi lại',
    refused: 'Không gửi được.',
    refusedWhy: 'Tin này không gửi được, cô/bác xem lại giúp em ạ.',
    edit: 'Sửa lại',
    dismiss: 'Bỏ tin này',
    bot: 'Trợ lý ảo',
    officer: 'Cán bộ',
    owner: 'Cô/bác',
    sources: 'Nguồn',
    newTab: ' (mở trang mới)',
    picture: 'Hình kèm tin nhắn',
    seePicture: 'Xem hình',
    ownPicture: 'Ảnh cô/bác gửi',
    pictureMissing: 'Chưa xem được ảnh này.',
    pictureGone: 'Ảnh không còn trên máy, cô/bác chọn lại giúp em ạ.',
    pictureLarge: 'Ảnh lớn hơn 5 MB, cô/bác gửi ảnh nhỏ hơn giúp em ạ.',
    pressed: '(đã bấm một lựa chọn)',
    renewed: 'Cuộc trò chuyện trước đã đóng, đây là cuộc trò chuyện mới.',
    over: (extra) => `Dài quá ${extra} ký tự, cô/bác viết ngắn lại giúp em ạ.`,
  },
  en: {
    stuck: 'The page is not complete. Please reload it or use another browser.',
    otherLanguage: 'Tiếng Việt',
    skip: 'Skip to the message box',
    name: 'Digital transformation hotline',
    assistant: 'A virtual assistant answers; an officer can help.',
    person: 'Talk to an officer',
    conversation: 'Conversation',
    welcome: 'Hello!',
    intro: 'I am a virtual assistant for questions about the digital transformation programme for household businesses. I answer in Vietnamese; write freely, with or without accents.',
    safety: 'I never ask for passwords, one-time codes or bank card numbers.',
    examples: 'You can ask, for example:',
    typing: 'Answering',
    newer: 'New message',
    compose: 'Write a message',
    message: 'Message',
    placeholder: 'Your question',
    send: 'Send',
    photo: 'Send a picture',
    offline: 'Connection lost, trying again… Your messages are kept.',
    sending: 'Sending…',
    sent: 'Sent',
    queued: 'Waiting to be sent…',
    failed: 'Not sent yet, trying again.',
    retry: 'Send again',
    refused: 'Could not be sent.',
    refusedWhy: 'This message could not be sent, please check it.',
    edit: 'Edit',
    dismiss: 'Remove',
    bot: 'Virtual assistant',
    officer: 'Officer',
    owner: 'You',
    sources: 'Sources',
    newTab: ' (opens a new page)',
    picture: 'Picture with the message',
    seePicture: 'See the picture',
    ownPicture: 'Picture you sent',
    pictureMissing: 'This picture cannot be shown.',
    pictureGone: 'The picture is no longer on this device, please choose it again.',
    pictureLarge: 'The picture is larger than 5 MB, please send a smaller one.',
    pressed: '(pressed a choice)',
    renewed: 'The previous conversation is closed, this is a new one.',
    over: (extra) => `${extra} characters too long, please shorten it.`,
  },
};

export let language = shelf.read(KEY.language) === 'en' ? 'en' : 'vi';

export function switchLanguage() {
  language = language === 'vi' ? 'en' : 'vi';
  shelf.write(KEY.language, language);
}

export function say(word) {
  return WORDS[language][word];
}

function makeFormats(locale) {
  const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, ...options });
  return {
    time: format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    day: format({ weekday: 'long', day: 'numeric', month: 'numeric', year: 'numeric' }),
  };
}

const FORMATS = { vi: makeFormats('vi-VN'), en: makeFormats('en-GB') };

/** A moment (ISO 8601) in words; empty when there is none. */
function inWords(format, at) {
  const moment = new Date(at || NaN);
  return Number.isNaN(moment.getTime()) ? '' : FORMATS[language][format].format(moment);
}

/** "14:05" */
export const clockTime = (at) => inWords('time', at);

/** "Thứ Hai, 23/11/2026" */
export const dayName = (at) => inWords('day', at);
