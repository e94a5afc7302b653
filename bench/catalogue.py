"""Every figure of the benchmark before it is measured: what it says, what it must reach, how it is taken."""

from __future__ import annotations

from dataclasses import replace

from bench.figures import Figure, Target


def _ms(id_: str, what: str, limit: float, note: str = "") -> Figure:
    return Figure(id_, what, None, "ms (p95)", Target("<=", limit), note=note)


def _p99(id_: str, what: str, limit: float) -> Figure:
    return Figure(id_, what, None, "ms (p99)", Target("<=", limit))


def _faults(id_: str, what: str) -> Figure:
    return Figure(id_, what, None, "faults", Target("<=", 0))


def _sends(id_: str, what: str) -> Figure:
    return Figure(id_, what, None, "messages/s", Target(">=", 900), better="more")


def _survey(id_: str, what: str, times_the_stock: float) -> Figure:
    return Figure(id_, what, None, "turns/s", Target(">=", times_the_stock, of="ratio"), better="more", compared=True)


FIGURES = (
    _ms("button_turn_10", "button, turn 10: webhook to outbox row", 20),
    _ms("button_turn_300", "button, turn 300", 20),
    _ms("button_turn_1000", "button, turn 1,000", 20),
    Figure("button_turn_growth", "button, median at turn 1,000 / at turn 10", None, "×", Target("<", 1.2)),
    _ms("question_turn", "question (NLU), 20 messages/s: webhook to outbox row", 30),
    Figure("parse", "NLU parse in process, p95", None, "ms (p95)", Target("<=", 5), compared=True),
    Figure(
        "parse_throughput",
        "NLU parses in process",
        None,
        "parses/s",
        Target(">=", 5, of="ratio"),
        better="more",
        compared=True,
    ),
    _ms("survey_answer_2", "survey answer (button), question 2 of a new conversation", 20),
    _ms("survey_answer_1000", "survey answer (button), after turn 1,000", 20),
    Figure(
        "survey_answer_growth", "survey answer, median after turn 1,000 / at question 2", None, "×", Target("<", 1.2)
    ),
    _survey("survey_turns_10", "survey turns at turn 10, one conversation", 4),
    _survey("survey_turns_10_together", "survey turns at turn 10, 20 conversations at once", 4),
    _survey("survey_turns_300", "survey turns at turn 300, one conversation", 20),
    _survey("survey_turns_300_together", "survey turns at turn 300, 20 conversations at once", 20),
    _p99("webhook_durable", "webhook durable before the answer, 500 messages/s, dialogue at work", 50),
    _p99("webhook_receipts", "webhook durable before the answer, 500 receipts/s", 50),
    _ms("end_to_end", "Zalo, 50 messages/s: webhook to the provider's call", 100),
    _faults("outages_one", "wrong after 50 kills, 50 messages/s, 1 process, SQLite"),
    _faults("outages_two", "wrong after 50 kills, 50 messages/s, 2 processes, PostgreSQL, Redis"),
    _faults("fuzzing", "wrong after 100,000 fuzzed webhook calls per channel"),
    _faults("mail", "wrong of 1,000 mails: hostile MIME, loops, charsets, twice"),
    Figure("mail_memory", "memory grown while they are read", None, "MB", Target("<=", 40)),
    Figure("erasure_sqlite", "erasing 10,000 messages among 100,000, off the disk, SQLite", None, "s", Target("<=", 5)),
    Figure("erasure_postgresql", "the same on PostgreSQL", None, "s", Target("<=", 5)),
    _faults("erasure_left", "times name, number, address or words are found in the files afterwards"),
    Figure("backup_postgresql", "backup of 1,000,000 messages, PostgreSQL", None, "s", Target("<=", 180)),
    Figure("backup_sqlite", "the same, SQLite", None, "s", Target("<=", 180)),
    Figure("restore_postgresql", "restore of 1,000,000 messages, PostgreSQL", None, "s", Target("<=", 600)),
    Figure("restore_sqlite", "the same, SQLite", None, "s", Target("<=", 600)),
    Figure("backup_memory", "memory of backup and restore, the largest", None, "MB", Target("<=", 300)),
    Figure("key_rotation", "changing the key, 15,000 contacts beside them", None, "s", Target("<=", 60)),
    _faults("simulated_owners", "things wrong for 1,000 simulated owners, killed"),
    Figure("survey_scoring", "scoring 100,000 stored responses", None, "s", Target("<=", 5)),
    Figure("survey_report", "report over 1,500,000 responses, to its CSV", None, "s", Target("<=", 2)),
    _ms("console_queue", "queue page, 100,000 conversations, 2,000 wait", 50),
    _ms("console_queue_full", "queue page, all 100,000 wait", 50),
    _ms("console_conversation", "conversation of 1,000 messages opens", 100),
    _ms("console_search", "search over 1,000,000 messages, PostgreSQL", 200),
    _faults("console_take", "not exactly one holder, of 1,000 races of two to take"),
    _ms("console_live", "owner's message to the officer's screen, 50 messages/s, 50 open", 1000),
    _ms("api_leads", "API: a page of a firm's 15,000 leads, and what has changed", 50),
    Figure("freeze", "15,000 recipients frozen into the ledger, PostgreSQL", None, "s", Target("<=", 1)),
    Figure("freeze_million", "1,000,000 recipients frozen, PostgreSQL", None, "s", Target("<=", 30)),
    _sends("sends_sqlite", "messages of a campaign at a gateway that takes 200 ms, SQLite"),
    _sends("sends_postgresql", "the same on PostgreSQL"),
    Figure("pace_kept", "of a pace of 100 messages/s kept over 15,000", None, "%", Target(">=", 99), better="more"),
    Figure(
        "reply_delay", "owners' longest wait while a campaign leaves, beyond the usual", None, "ms", Target("<=", 1000)
    ),
    _ms("segment_count", "segment counted over 1,000,000 contacts, PostgreSQL", 500),
    Figure("import_list", "100,000 rows of a list of shops read in, PostgreSQL", None, "s", Target("<=", 120)),
    _ms("import_message", "an owner's message kept meanwhile", 100),
    Figure("import_stall", "event loop's longest stall meanwhile", None, "ms", Target("<=", 250)),
    _faults("campaign_kills_sqlite", "wrong after 100 kills while two campaigns of 15,000 leave, SQLite"),
    _faults("campaign_kills_postgresql", "the same on PostgreSQL"),
    _ms("kpi_page", "figures of the programme beside their targets, 92 communes, a year of days", 100),
    Figure("kpi_count", "counting them over 1,500,000 surveyed shops, PostgreSQL", None, "s", Target("<=", 120)),
    Figure("teaching_live", "taught phrase: click on training to its first right answer", None, "s", Target("<=", 90)),
    Figure(
        "teaching_back", "back to the last model: click to its first answer, 5 messages/s", None, "s", Target("<=", 2)
    ),
    _faults("teaching_lost", "messages without an answer while models are switched"),
    _faults("teaching_harm", "harmful sets of annotations that went live, of 1"),
    Figure("teaching_memory", "memory of all processes with two models loaded", None, "MB", Target("<=", 500)),
    Figure("cold_start", "cold start to first answer", None, "s", Target("<=", 10), compared=True),
    Figure("training", "training the product's model", None, "s", Target("<=", 60)),
    Figure("memory", "memory of all processes after 1,000 turns", None, "MB", Target("<=", 500), compared=True),
    Figure("disk", "both environments on disk", None, "MB", Target("<=", 750), compared=True),
)

NOTES = (
    "Simulated owners stop, go on, change answers, ask in between, talk nonsense, send twice and out of order, while"
    " the service is killed every few seconds; each reply and each stored response is compared with the engine's own.",
    "The client runs on the same machine and shares its cores with everything measured.",
    "Webhook to outbox row: from sending the HTTP request until the reply's event arrives on the web chat's event"
    " stream. The event is sent after the commit that wrote the outbox row, so this is an upper bound.",
    "p50 and p95 are milliseconds of single turns or parses, also where the figure is a number per second.",
    "Turn 10: turns 6 to 15 of fresh conversations; turns 300 and 1,000: from that turn on. Taken turn about, so that a"
    " noisy moment meets all of them.",
    "Questions: what asks something in the held-out set, without what calls a person and what is not understood, which"
    " waits 2.5 s for more on purpose; sent at random instants (Poisson)"
    " without waiting for answers.",
    "Parses: each sentence read once, after a warm-up with others; the stock pipeline is Rasa's default, one epoch.",
    "Survey: the product's own, in full, by buttons and typed answers until the result; then its consent is withdrawn"
    " and it begins again. Every reply is checked against the survey's engine. Ours is `hotline up`, each answer in its"
    " database. The stock server has the same archive and the same action, keeps conversations in memory (its default"
    " and its fastest), and answers in memory instead of a database. Its conversation at turn 300 had 300 real turns;"
    " for 20 at once that conversation's events and answers were copied. Ours had 300 real turns each. Both servers"
    " take their turns in alternation.",
    "Webhooks: Zalo's, signed, sent by a process of its own over 64 kept-alive connections at random instants (Poisson)"
    " to `hotline up` with Rasa and worker; a call's time counts from the instant for which it was planned. Afterwards"
    " the database must hold everything that was answered by 200. Messages: two questions each of people who have never"
    " written before, as when a campaign has reached thousands at once; the dialogue answers them meanwhile and after."
    " Receipts: that these answers arrived and were read, when nobody waits for an answer any more.",
    "Webhook to the provider's call: the benchmark is Zalo, so one clock times both ends, from the instant for which a"
    " message was planned until `POST /v3.0/oa/message/cs` with the (first part of the) answer has come in. Half of the"
    " messages are of the survey (offered buttons' payloads, answers in words), half are questions; everybody was"
    " greeted before. Each answer is reported by an echo and a receipt, so 150 webhooks come in for 50 messages. Zalo's"
    " limit of calls per minute is lifted: 50/s is more than it sells.",
    "Kills: SIGKILL of app, dialogue or Redis at random instants; both platforms' simulators are the witnesses. Wrong"
    " is what is lost, out of order, or repeated without being marked uncertain. The dialogue is a stand-in that says"
    " back what it is asked.",
    "Kills while campaigns leave: SIGKILL after so many messages, drawn by chance: half of them of `hotline campaign"
    " simulate`, half of `hotline serve` (two processes on PostgreSQL). The gateway loses answers of messages it has"
    " taken, breaks connections, reports twice and out of order; its own file is the witness. Wrong is who is missed,"
    " told twice, or told otherwise than the ledger says.",
    "Fuzzed calls: half of them signed, with mutated JSON. Wrong is a 5xx, an unsigned call that is believed, a signed"
    " one that is refused or not kept, and memory that grows.",
    "Mails: read over IMAP from the simulator's server in the same process; a third first mails in every charset,"
    " answers, strangers' answers, duplicates, robots, our own, damaged ones, 2 % of 30 MB; half way all UIDs"
    " change. Right is exactly one message in the sender's own conversation, or a recorded reason;"
    " damaged ones may become either.",
    "Erasure: the transaction, the word indexes rebuilt or merged, the log emptied (SQLite), the tables written anew"
    " (PostgreSQL); then every byte of the files is searched. What the server's own log of changes and backups hold is"
    " theirs to end.",
    "Backup and restore: the commands, start included, with a year of 15,000 owners; what was saved from one"
    " database is restored into the other, and every message must be there again. Memory is a process's"
    " largest resident set.",
    "Console: called in the benchmark's process, on PostgreSQL with a year of 100,000 owners; a page is timed with its"
    " session, its queries, its rendering and its row of the audit log. The queue also with filters; the conversation"
    " at its end and in the middle; searches for frequent and rare words, beginnings, phrases, names, a number, some"
    " narrowed, as whole pages.",
    "Message to the officer's screen: `hotline up` on SQLite; 50 officers hold a conversation each and have it open."
    " Owners write in the web chat at random instants (Poisson); a message's time counts from the instant for which it"
    " was planned until its event is on the stream of the officer's page.",
    "Survey answers: at question 2, one in each new conversation; after turn 1,000, whatever question is next.",
    "Scoring and report: on PostgreSQL, in the benchmark's process. Scoring reads every response from the database and"
    " checks it against its stored score; half of them are short forms. Responses are made by chance: 1,000 different"
    " ones, spread unevenly over all communes and trades. The report's time is its first run's.",
    "List of shops: a CSV, read in by the hotline's own reader in the benchmark's process, after it was counted without"
    " writing. Meanwhile a message of a new owner is kept every 50 ms, and the loop is asked every 5 ms.",
    "Figures of the programme: the page and its file, until now and of periods in between, of the province and of a"
    " commune. Shops and surveys are rows and counted by the job; the rest is made up as counts of every day.",
    "Teaching: `hotline up`; a supervisor's clicks are the console's own forms. The harmful set: 60 phrases of five"
    " frequent intents, half of the training data and half near to it, taught as another. Training runs behind"
    " everything else (nice 10), so that its time depends on what else the machine does.",
    "Memory: resident sets added up, so pages that processes share count several times.",
    "Disk: blocks of the installed files without development packages, with compiled bytecode as it is now.",
)


class Sheet:
    """The figures of one run, filled in as they are measured. `problems`: why some were not."""

    def __init__(self, decides: bool = True) -> None:
        self._figures = {figure.id: replace(figure, decides=decides) for figure in FIGURES}
        self.problems: list[str] = []

    def __getitem__(self, id_: str) -> Figure:
        return self._figures[id_]

    def put(self, *figures: Figure) -> None:
        """Keep figures as they are now. Raises KeyError for one that is not of the catalogue."""
        for figure in figures:
            self._figures[self._figures[figure.id].id] = figure

    @property
    def figures(self) -> list[Figure]:
        """In the order of the catalogue."""
        return list(self._figures.values())
