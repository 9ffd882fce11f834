import { AMOUNT, NUMERAL } from './numerals.ts';

// What instructions say of lengths, in English and Chinese. Every run is bounded, so that each takes linear time.

const pattern = (source: string): RegExp => new RegExp(source, 'iu');
/** What ends right before the mention, or begins right after it. */
const before = (source: string): RegExp => pattern(`(?:${source})$`);
const after = (source: string): RegExp => pattern(`^(?:${source})`);

// 字节 is a byte and 字段 a field, but 字段落 is 字 and 段落: each with what may follow nevertheless.
const CHARACTER = String.raw`字(?:数|(?![体典母号串样眼幕迹形帖谜库型符节段面画根义])|(?=符合|节选|节奏|段落|画面|根据|义务|体现|体会|形容|形式))`;
const CHINESE_UNIT = String.raw`(?:个\s?)?(?:中文|英文|英语)?汉?(?:${CHARACTER}|(?:单词|词)(?![汇语条典组性根频牌库表云]))`;
const ENGLISH_UNIT = String.raw`(?:\sor\s(?:so|more|less|fewer)\s|[\s‐‑–-]{0,2}(?:(?:English|Chinese)\s)?)(?:words?(?![a-z])|(?<=Chinese\s)characters?(?![a-z]))`;
const BETWEEN = String.raw`\)?\*{0,2}(?:\s?\([^()]{1,40}\))?\s?(?:\+|＋|plus\b|多|余|来|左右|以上|以内)?\s?`;
const UNIT = String.raw`${BETWEEN}(?:${ENGLISH_UNIT}|${CHINESE_UNIT})`;
const START = String.raw`(?<![\d./第$€£¥]|\d,(?=000)|[a-z](?=[a-z\d])|[零〇一二两三四五六七八九十百千万](?=[零〇一二两三四五六七八九十百千万])|[百千万](?=\d)|[数几上好成近多每](?=[十百千万]))`;
const AMOUNTS = String.raw`(?<first>${AMOUNT})(?:(?:${UNIT})?\*{0,2}(?:\s{0,2}(?:[-‐‑–—~～]{1,2}|到|至)\s{0,2}|\s(?:to|and|or)\s)(?:about\s|around\s|约)?(?<second>${AMOUNT}))?`;
export const MENTION = new RegExp(`${START}${AMOUNTS}(?<unit>${UNIT})`, 'giu');

// "字数：2000", "word count should be about 1,500": the unit stands in the label.
const FILLER = String.raw`(?:[\s:：*=~约在为是需应要达到至不少低于超过得小大控制限制要求大概左右须]|about|around|approximately|of|is|should|must|be|at|least|most|between|no|less|more|than|minimum|maximum|from|up|to){0,14}`;
export const LABELLED = new RegExp(
  String.raw`(?<label>(?:总|全文)?字数|\b(?:total\s)?word\s?(?:count|limit|length))(?<filler>${FILLER})(?<![\d.])${AMOUNTS}(?!\s{0,2}(?:[\d年月页%章篇段节元至到零一二三四五六七八九十百千万–~～—-]|个?[字词]|(?:pages?|chapters?|sections?|paragraphs?|words?|to|(?:and|or)\s\d+|hundred|thousand|million)\b|多?个))`,
  'giu',
);

const TAIL = String.raw`(?:[\s:：是为在有要约写*「“"(（]|about|around|approximately|roughly|some|a|an|of|be|to|in|the|total|length|word\scount|大约|大概|字数){0,6}`;
export const AT_MOST_BEFORE = before(
  String.raw`(?:(?:(?:\b(?:no|not)|n['’]t)\s(?:be\s|go\s)?(?:more|longer|greater|over|above|beyond|exceed(?:ing)?)(?:\sthan)?|\b(?:without\sexceeding|up\sto|at\s(?:the\s)?most|under|below(?!\s(?:in|to))|(?:less|fewer|shorter)\sthan|max(?:imum)?\.?|within|limit(?:ed)?(?:\s(?:the|your|this|it|its|each|answer|response|essay|story|article|text|reply|length)){0,3}(?:\sto)?))|不(?:得|能|要|应|可|宜)?(?:超过|超出|多于|高于|大于)|[至最]多|少于|低于|小于|上限|限|[≤<])${TAIL}`,
);
export const AT_LEAST_BEFORE = before(
  String.raw`(?:(?:(?:\b(?:no|not)|n['’]t)\s(?:be\s)?(?:less|fewer|shorter|under|below)(?:\sthan)?|\b(?:at\s(?:the\s)?least|at\slease|min(?:imum)?\.?|more\sthan|over|above|exceed(?:s|ing)?|(?:longer|greater)\sthan|upwards\sof))|不(?:得|能|要|应|可|宜)?(?:少于|低于|小于|少於)|[至最]少|起码|超过|多于|大于|高于|达到|下限|[≥>])${TAIL}`,
);
export const AT_MOST_INSIDE = pattern(String.raw`以内|or\s(?:less|fewer)`);
export const AT_LEAST_INSIDE = pattern(String.raw`[+＋]|plus|以上|or\smore`);
export const AT_MOST_AFTER = after(
  String.raw`[\s)）*]{0,3}(?:之?(?:以内|以下|之内|内(?![容心涵])|封顶)|(?:or|and)\s(?:less|fewer|under|below)|(?:long\s)?max(?:imum)?\b|at\s(?:the\s)?most|limit\b|tops\b)`,
);
export const AT_LEAST_AFTER = after(
  String.raw`[\s)）*]{0,3}(?:或|及)?(?:之?以上|往上|起步|or\s(?:more|longer|above)|and\s(?:above|more|up)|(?:long\s)?min(?:imum)?\b|at\s(?:the\s)?(?:least|minimum)|\+)`,
);
export const ABOUT_AFTER = after(String.raw`[\s)）*]{0,3}(?:左右|上下|in\stotal|each)`);

// A number of words that is not the length of what is to be written.
export const OF_SOMETHING_ELSE_BEFORE = before(
  [
    // words to be learnt or looked at, one by one
    String.raw`\b(?:list|learn|memori[sz]e|define|explain|translate|teach|spell|know|knows|pick|choose|select|find|study|studies|name|embed|index|tokeni[sz]e|type|read|speak|understand|remember|store|vocabulary|commonest|common|frequent|important|difficult)(?:ing)?\s(?:(?:me|us|the|these|those|my|about|at\sleast|all|top)\s){0,2}`,
    String.raw`\b(?:list|vocabulary|dictionary|lexicon|glossary|bank|set)\sof\s(?:the\s)?(?:top\s|about\s)?`,
    String.raw`(?:学习?|认识|识|掌握|背诵?|默写|记住|记忆|解释|常用|列出|翻译)[了会这的]{0,2}\s?(?:以下|这|前)?`,
    // a text that is there already, or belongs to somebody
    String.raw`\b(?:this|that|these|those|my|our|his|her|their|following|above|attached|existing|original|given|provided|source)\s(?:(?!(?:in|into|to|with|using|of|about|at|by|under|for|within|over|is|are|must|should)\b)[a-z]+\s)?`,
    String.raw`\b(?:i|we|he|she|they|already)(?:['’]ve|\shave|\shad|\sread|\swrote)?(?:\salready)?\s?(?:written|wrote|got|read|have|had)?\s(?:about\s|over\s|around\s|an?\s)?`,
    String.raw`\b(?:i|we|he|she|they|you)(?:['’]ve|\shave)?\s(?:already\s)?(?:wrote|written|read|made)\b[^.!?\n]{0,30}|我们?(?:已经?)?(?:写[了过好]|有)[^，,。！？\n]{0,8}`,
    // what is to be added or taken away
    String.raw`\b(?:add|adding|insert|remove|by)\s(?:an?\s(?:extra|additional|further)\s|about\s|another\s|around\s|at\sleast\s)?|(?:增加|[再添]加|补充|减少|删[去掉除]?|加[上写])(?:约|大约)?|(?<![参更])加`,
    // questions about lengths
    String.raw`\bhow\s(?:many|long|much|fast|often)\b[^.!?\n]{0,60}\s`,
    String.raw`(?<!\b(?:write|writing|generate|draft|continue|produce|compose|create)\s(?:[a-z]+\s){0,2})\b(?:first|last|next|previous|final|opening|remaining)\s`,
    String.raw`(?:这|那)(?:一|些)?[篇段个份]?|(?:以下|下面|上面|上述|下列|原文|已经?写了|已有|我写了|前面?|后面?|最后|其中)(?:的|这)?[篇段]?(?:共|约|有)?`,
    // rates and prices
    String.raw`\b(?:per|every|worth)\s(?:an?\s)?|(?:元|块)[/每]?\s?|(?:每分钟|每小时|每秒|一分钟|日更|每日)[^，,。\s]{0,6}`,
  ].join('|'),
);
export const OF_SOMETHING_ELSE_AFTER = after(
  [
    String.raw`\s?(?:per|an?|\/)\s?(?:minute|min|hour|second|day|week|month)\b|\s?[/／每](?:分钟|小时|天|秒)|\s?\/|每分钟|\s?\d{1,4}元`,
    String.raw`[\s-](?:vocabular(?:y|ies)|dictionary|list|processors?|clouds?|problems?|searche?s?|pairs?|vectors?|embeddings?|games?|puzzles?|bank|families)`,
    String.raw`\s(?:that|which)\s(?:rhyme|start|begin|end|mean|describe|contain|are|have)`,
    String.raw`\s(?:is\s|are\s)?(?:enough|too\s(?:long|short|much|many|few)|a\slot|in\spages)\b|[^，。！!]{0,8}(?:多久|多长时间|几页|够吗|够不够|算[快慢多少]|多少钱|[几多]少?页)`,
    String.raw`\s(?:longer|shorter)\b`,
    String.raw`\s(?:starting|beginning|ending|rhyming|meaning|related|associated|commonly|used)\b`,
    String.raw`\s(?:from|in)\s(?:this|that|the)\s(?:list|dictionary|text|passage|article|language|vocabulary|box)|\s(?:and|with)\stheir\b|\s(?:below|above)\b(?!\sthe)`,
  ].join('|'),
);
export const LINE_BEFORE =
  /\b(?:titles?|headlines?|headings?|sentences?|lines?|captions?|names?|quotes?|bullets?|slogans? (?:for|in))\b|标题|题目|句子|每句|一句|名称|小标题|关键词/iu;
/** Few words, and yet plainly a length: in 15 words, a 12-word slogan, of at most 20 words. */
export const FEW_IN = before(String.raw`\bin\s(?:about\s|exactly\s|only\s|just\s|under\s)?`);

export const IN_ALL_BEFORE = before(
  String.raw`(?:\b(?:total(?:ing|ling)?|overall|altogether|combined|entire|whole)\b[a-z\s:]{0,25}|(?:全文|全篇|通篇|全书|整[篇体本]|总(?:字数|计|共|长度)?|共计?|合计)[^，,。！？；\n]{0,8}?(?<!总结))`,
);
export const IN_ALL_AFTER = after(
  String.raw`(?:\slong)?,?\s?[（(]?(?:in\s(?:total|all)|total|overall|altogether|combined|for\sthe\s(?:whole|entire))\b`,
);

export const PART_NOUN = String.raw`(?:chapter|section|paragraph|part|essay|stor(?:y|ies)|article|post|diar(?:y|ies)|entr(?:y|ies)|letter|poem|scene|act|episode|review|report|summar(?:y|ies)|speech(?:es)?|answer|response|question|topic|email|volume|lesson|module|day|week|page|piece|draft|description|profile|dialogue|script|monologue|reflection|stanza|item|slide|version|idea|point|segment|unit|tweet|caption|bullet|joke)`;
const PART_NOUNS = String.raw`(?:${PART_NOUN}s|stories|diaries|entries|summaries|speeches)`;
const NEAR = String.raw`(?:[a-z*]+\s){0,5}`;
export const EACH_NOUN_BEFORE = before(
  String.raw`\b(?:each|every|per)\s(?:(?:of\sthe\s|individual\s|single\s)?(?<noun>${PART_NOUN})s?\b)[\s:(*–-]{0,3}${NEAR}[(]?`,
);
export const EACH_BEFORE = before(
  String.raw`\b(?:each|apiece)\s(?:of|with|at|being|about|around|approximately|is|should|be|under|less|more|than|least|most|not|no|over|exceeding|to|up|\s){0,8}[(]?`,
);
export const EACH_AFTER = after(
  String.raw`(?:\s?[/／]|,?\s(?:long\s)?(?:(?:for|in|to|on|about)\s)?(?:each|per|apiece|every)\b)(?:\s(?<noun>${PART_NOUN}))?`,
);
export const EACH_SOMEWHERE = pattern(String.raw`\b(?:each|every|per)\s(?:of\s|${PART_NOUN}\b)`);
export const EACH_IN_CLAUSE = /\b(?:each|every)\b/iu;
const ANYTHING = String.raw`个(?![不约大写为在要需至控字限用小])\p{Script=Han}{2}`;
export const CHINESE_NOUN = String.raw`(?:个?(?:章节?|小节|故事|部分|段落|人物|场景|主题|话题|问题|要点|角色|片段|单元|自然段)|[篇章节段回集幕封首则条天期课卷册题份场讲部组项点步])`;
export const EACH_CHINESE = before(
  String.raw`(?:每一?(?:(?<noun>${CHINESE_NOUN}|${ANYTHING})|个)(?:[^，,。！？；;\n每]{0,14})[，,]?(?:字数)?|(?:各|分别|均|都)(?:写|为|有|占|是|在)?)[约在为是要需至少不低于超过控制大概写应:：\s]{0,8}`,
);
export const EACH_CHINESE_SOMEWHERE = pattern(String.raw`每一?(?:${CHINESE_NOUN}|[个人位种次])`);
export const EACH_CHINESE_AFTER = after(
  String.raw`(?:左右|以上|以内)?\s?(?:[/／每](?:一)?(?<noun>${CHINESE_NOUN})|一(?<noun2>[篇章节段]))`,
);

export const COUNT = String.raw`(?<![a-z\d.第-])(?<count>${NUMERAL})`;
export const COUNTED_BEFORE = before(
  String.raw`${COUNT}\s?(?:(?:(?:separate|different|short|distinct|new|original)\s){0,2}(?:[a-z]+\s)?(?<noun>${PART_NOUNS})(?:\s|,?\seach\s|\s\()(?:of\s|with\s|at\s|about\s|around\s|approximately\s|each\s|at\sleast\s|roughly\s|no\sless\sthan\s){0,4}|(?:个|[篇段章节封首则条份])(?:约|大约|不少于)?)`,
);
export const COUNT_BEFORE = before(String.raw`${COUNT}\s(?:separate\s|different\s)?`);
export const PLURAL_AFTER = after(String.raw`[\s-](?:long\s)?(?:[a-z-]+\s){0,2}?${PART_NOUNS}\b`);
export const MANY_BEFORE = pattern(
  String.raw`(?:\b(?:write|create|generate|compose|draft|give|make|produce)\s(?:(?:me|us|a\sset\sof|about)\s){0,2}|(?:写|创作|生成|撰写|编写?|拟|来)(?:出|了)?)(?<count>${NUMERAL})\s?(?:(?:[a-z-]+\s){0,2}${PART_NOUNS}\b|[篇封首则份段章集幕条]|个(?:故事|剧本|文案|版本))`,
);

const PIECE = String.raw`(?:introductions?|intro|abstract|conclusion|summary|outline|paragraph|section|chapter|prologue|epilogue|preface|caption|bio|hook|opening|description)`;
export const PIECE_AFTER = after(
  String.raw`[\s-](?:long\s)?(?:[a-z]+\s)?${PIECE}\b|(?:左右|以内|以上)?的?(?:中文|英文)?(?:摘要|引言|前言|结论|结尾|开头|导语|序言|简介|总结)`,
);
export const PIECE_BEFORE = before(
  String.raw`(?<!\b(?:write|draft|create|generate|compose|need)\s(?:me\s)?(?:an?\s|the\s)?(?:[a-z]+\s){0,2})(?:\b(?:${PIECE}|body)(?:\s${NUMERAL})?\s?(?:[:(（–-]|\b(?:should|must|be|is|of|with|at|around|about|no|not|exceed|more|less|than|least|most|in|approximately|up|to|under|a|length|minimum|maximum|needs?|has|have)\b|\s){0,12}|(?<!写[^，。]{0,8})(?:摘要|引言|前言|结论|结尾|开头|导语|序言|第${NUMERAL}(?:部分|[章节段幕]))(?:部分)?[为是应要需在控制不少低于超过得约大概字数至:：(（\s]{0,8})`,
);
/** The main part: alone it is as good as the text, beside its other parts it is one of them. */
export const BODY_BEFORE = before(String.raw`(?:正文|主体|主要内容)(?:部分)?[^，。\d]{0,8}`);
export const REWRITE =
  /\b(?:expand|extend|lengthen|elaborat|shorten|reduc|condens|cut|compress|trim|rewrit|turn|summari[sz])|扩|缩|压|精简|删|改/iu;
export const REWRITE_INTO = before(
  String.raw`(?:\b(?:in)?to\b|到|成|至|为)\s?(?:about\s|around\s|just\s|at\sleast\s|at\smost\s|a\s|an\s|约|大约|一[篇个段])?`,
);
export const FROM = before(String.raw`\bfrom\s(?:about\s)?|[从由](?:原来的)?`);
