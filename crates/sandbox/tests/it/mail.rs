//! Mail: sent to the sandbox's own server, read in its mailboxes.

use sandbox::smtp;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Admin, World, http};

/// The mail server of a sandbox.
struct Post {
    address: std::net::SocketAddr,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Post {
    async fn open(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(smtp::serve(
            world.sandbox.clone(),
            listener,
            std::future::pending(),
        ));
        Self { address, server }
    }

    async fn connect(&self) -> Talk {
        let mut talk = Talk(BufReader::new(
            TcpStream::connect(self.address).await.unwrap(),
        ));
        assert!(talk.hear().await.starts_with("220 "));
        talk
    }

    /// Sends a message as a mail program does; the answer to its end.
    async fn send(&self, to: &[&str], message: &str) -> String {
        let mut talk = self.connect().await;
        talk.ask("EHLO ithaca.example").await;
        talk.ask("MAIL FROM:<ithaca@mentoring.example>").await;
        for to in to {
            assert!(
                talk.ask(&format!("RCPT TO:<{to}>"))
                    .await
                    .starts_with("250")
            );
        }
        assert!(talk.ask("DATA").await.starts_with("354"));
        let message = message.strip_suffix("\r\n").unwrap_or(message);
        let answer = talk.ask(&format!("{message}\r\n.")).await;
        talk.ask("QUIT").await;
        answer
    }
}

/// A conversation with it.
struct Talk(BufReader<TcpStream>);

impl Talk {
    async fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// A reply, all its lines.
    async fn hear(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            let read = self.0.read_line(&mut reply).await.unwrap();
            if read == 0 || reply.as_bytes().get(start + 3) != Some(&b'-') {
                return reply;
            }
        }
    }

    async fn ask(&mut self, command: &str) -> String {
        self.say(&format!("{command}\r\n")).await;
        self.hear().await
    }

    /// Up to the message.
    async fn announce(&mut self) {
        for command in [
            "EHLO ithaca.example",
            "MAIL FROM:<ithaca@mentoring.example>",
            "RCPT TO:<luis@larkspur.example>",
        ] {
            assert!(self.ask(command).await.starts_with("250"), "{command}");
        }
        assert!(self.ask("DATA").await.starts_with("354"));
    }
}

async fn page(world: &World, path: &str) -> String {
    let response = http()
        .get(format!("{}{path}", world.url))
        .send()
        .await
        .unwrap();
    response.text().await.unwrap()
}

fn raw(world: &World) -> Vec<String> {
    world.sandbox.read(|state| {
        state
            .mailboxes
            .iter()
            .map(|message| message.text().into_owned())
            .collect()
    })
}

const INVITATION: &str = "From: \"Mei Tanaka via Ithaca\" <ithaca@mentoring.example>\r\n\
    To: Luis Ortega <luis@larkspur.example>\r\n\
    Subject: =?utf-8?q?First_steps_=E2=80=93_invitation?=\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Join: http://127.0.0.1:8080/j/abc.\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <p>Join <a href=\"http://127.0.0.1:8080/j/abc\">here</a></p><script>alert(1)</script>\r\n\
    --b\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n\
    BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:m-1@ithaca\r\nSEQUENCE:0\r\n\
    SUMMARY:First steps\r\nDTSTART;TZID=Europe/Stockholm:20260309T100000\r\n\
    ATTENDEE;CN=Luis Ortega;RSVP=TRUE:mailto:luis@larkspur.example\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n\
    --b--\r\n";

#[tokio::test]
async fn a_message_is_in_the_mailbox_of_everyone_it_is_for() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    assert!(
        page(&world, "/mail")
            .await
            .contains("No mail has arrived yet.")
    );
    let answer = post
        .send(
            &["luis@larkspur.example", "Mei@larkspur.example"],
            INVITATION,
        )
        .await;
    assert!(answer.starts_with("250 2.0.0"), "{answer}");
    assert_eq!(raw(&world), [INVITATION.to_owned()]);
    post.send(&["luis@larkspur.example"], "Subject: Second\r\n\r\nHello")
        .await;

    let mailboxes = page(&world, "/mail").await;
    assert!(
        mailboxes.contains("<a href=\"/mail/luis@larkspur.example\">luis@larkspur.example</a>")
    );
    assert!(mailboxes.contains("2 messages, the newest at 2026-03-02 09:00:00 UTC"));
    let luis = page(&world, "/mail/LUIS@larkspur.example").await;
    let (second, first) = (luis.find(">Second<"), luis.find("First steps – invitation"));
    assert!(second < first && second.is_some(), "newest first: {luis}");
    assert!(
        page(&world, "/mail/mei@larkspur.example/1")
            .await
            .contains("First steps")
    );
    // Mei did not get the second one.
    assert!(
        page(&world, "/mail/mei@larkspur.example/2")
            .await
            .contains("No such message")
    );
}

#[tokio::test]
async fn an_invitation_is_shown_as_a_mail_program_would() {
    let world = World::start().await;
    Post::open(&world)
        .await
        .send(&["luis@larkspur.example"], INVITATION)
        .await;
    let response = http()
        .get(format!("{}/mail/luis@larkspur.example/1", world.url))
        .send()
        .await
        .unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"));
    let page = response.text().await.unwrap();
    for part in [
        "<h1>First steps – invitation</h1>",
        "<dt>From</dt><dd>Mei Tanaka via Ithaca &#60;ithaca@mentoring.example&#62;</dd>",
        "<h2>Invitation</h2>",
        "<dt>METHOD</dt><dd>REQUEST</dd>",
        "<dt>UID</dt><dd>m-1@ithaca</dd>",
        "<dt>SEQUENCE</dt><dd>0</dd>",
        "<dt>Starts</dt><dd>2026-03-09 10:00 Europe/Stockholm</dd>",
        "Luis Ortega &lt;luis@larkspur.example&gt;, not answered, asked to answer",
        "<a href=\"http://127.0.0.1:8080/j/abc\" rel=\"noreferrer\">http://127.0.0.1:8080/j/abc</a>.",
        "sandbox=\"allow-popups allow-popups-to-escape-sandbox\" srcdoc=\"&#60;base target=",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script"), "{page}");
    let source = http()
        .get(format!("{}/mail/luis@larkspur.example/1/source", world.url))
        .send()
        .await
        .unwrap();
    assert_eq!(source.text().await.unwrap(), INVITATION);
}

#[tokio::test]
async fn dots_at_the_beginning_of_lines_are_unstuffed() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    post.send(
        &["luis@larkspur.example"],
        "Subject: Dots\r\n\r\n..\r\n..two\r\n a.",
    )
    .await;
    assert_eq!(
        raw(&world),
        ["Subject: Dots\r\n\r\n.\r\n.two\r\n a.\r\n".to_owned()]
    );
}

#[tokio::test]
async fn commands_may_come_all_at_once() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    let mut talk = post.connect().await;
    talk.say(
        "EHLO a\r\nMAIL FROM:<> SIZE=9 BODY=8BITMIME\r\nRCPT TO:<luis@larkspur.example>\r\n\
         RCPT TO:<nonsense>\r\nDATA\r\nSubject: x\r\n\r\ny\r\n.\r\nQUIT\r\n",
    )
    .await;
    let mut replies = String::new();
    talk.0.read_to_string(&mut replies).await.unwrap();
    let codes: Vec<&str> = replies
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(
        codes,
        ["250", "250", "250", "553", "354", "250", "221"],
        "{replies}"
    );
    assert_eq!(raw(&world).len(), 1);
}

#[tokio::test]
async fn commands_out_of_order_or_out_of_sense_are_refused() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    let mut talk = post.connect().await;
    for (command, code) in [
        ("MAIL FROM:<a@b.example>", "503"),
        ("EHLO", "501"),
        ("HELO ithaca", "250"),
        ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"),
        ("MAIL FROM: a@b.example", "501"),
        ("MAIL FROM:<a@b.example> SIZE=99999999", "552"),
        ("MAIL FROM:<a@b.example> NOTIFY=NEVER", "555"),
        ("MAIL FROM:<a@b.example>", "250"),
        ("MAIL FROM:<a@b.example>", "503"),
        ("DATA", "554"),
        ("RCPT TO:<luis@larkspur.example>", "250"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("STARTTLS", "502"),
        ("NOOP", "250"),
        ("WHO", "500"),
        (&"X".repeat(5_000), "500"),
        ("QUIT", "221"),
    ] {
        let reply = talk.ask(command).await;
        assert!(reply.starts_with(code), "{command}: {reply}");
    }
}

#[tokio::test]
async fn mail_that_strict_servers_refuse_is_refused_here_and_the_talk_goes_on() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    let long = "x".repeat(999);
    // Read in pieces, its last one would look like the end of the message.
    let long_with_dot = format!("{}.", "x".repeat(2_001));
    let huge = format!("{}\r\n", "x".repeat(900)).repeat(2_400);
    for (message, code) in [
        (long.as_str(), "554"),
        (long_with_dot.as_str(), "554"),
        ("a\nb", "550"),
        // Smuggling: this must not end the message.
        ("a\n.\r\nMAIL FROM:<evil@b.example>", "550"),
        (huge.as_str(), "552"),
    ] {
        let mut talk = post.connect().await;
        talk.announce().await;
        let reply = talk.ask(&format!("{message}\r\n.")).await;
        assert!(reply.starts_with(code), "{reply}");
        assert!(talk.ask("NOOP").await.starts_with("250"));
    }
    assert_eq!(raw(&world).len(), 0);
    let longest = "x".repeat(998);
    assert!(
        post.send(&["luis@larkspur.example"], &longest)
            .await
            .starts_with("250")
    );
}

#[tokio::test]
async fn several_clients_speak_at_once() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    let mut slow = post.connect().await;
    slow.announce().await;
    for count in 0..10 {
        let message = format!("Subject: {count}\r\n\r\n");
        assert!(
            post.send(&["luis@larkspur.example"], &message)
                .await
                .starts_with("250")
        );
    }
    assert!(slow.ask("Subject: slow\r\n\r\n.").await.starts_with("250"));
    assert_eq!(raw(&world).len(), 11);
}

/// A mail server that goes wrong as a program asked it to.
async fn goes_wrong(admin: &Admin, fault: serde_json::Value) {
    let added = admin.send("POST", "mail/faults", &fault).await;
    assert_eq!(added.status, 201, "{added:?}");
}

#[tokio::test]
async fn f31_e10_the_message_is_taken_and_the_250_lost() {
    let world = World::start().await;
    let (admin, post) = (Admin::start(&world).await, Post::open(&world).await);
    goes_wrong(
        &admin,
        json!({"on": {"stage": "message"}, "times": 1, "do": {"lose_answer": true}}),
    )
    .await;
    let mut talk = post.connect().await;
    talk.announce().await;
    talk.say("Subject: b\r\n.\r\n").await;
    let mut rest = String::new();
    assert!(matches!(talk.0.read_line(&mut rest).await, Ok(0) | Err(_)));
    assert_eq!(raw(&world), ["Subject: b\r\n".to_owned()]);
    // Sent once more, it is there twice.
    post.send(&["luis@larkspur.example"], "Subject: b\r\n")
        .await;
    assert_eq!(raw(&world).len(), 2);
    // Cut before it was taken.
    goes_wrong(&admin, json!({"times": 1, "do": {"lose_request": true}})).await;
    let mut talk = post.connect().await;
    talk.announce().await;
    talk.say("Subject: c\r\n.\r\n").await;
    assert!(matches!(talk.0.read_line(&mut rest).await, Ok(0) | Err(_)));
    assert_eq!(raw(&world).len(), 2);
}

#[tokio::test]
async fn f32_the_mail_server_is_down_for_two_days() {
    let world = World::start().await;
    let (admin, post) = (Admin::start(&world).await, Post::open(&world).await);
    let two_days = 48 * 3_600;
    for act in [json!({"lose_request": true}), json!({"code": 421})] {
        goes_wrong(
            &admin,
            json!({"on": {"stage": "connect"}, "for_seconds": two_days, "do": act}),
        )
        .await;
        for _ in 0..3 {
            let mut talk = Talk(BufReader::new(
                TcpStream::connect(post.address).await.unwrap(),
            ));
            let mut greeting = String::new();
            let heard = talk.0.read_line(&mut greeting).await;
            assert!(
                matches!(heard, Ok(0) | Err(_)) || greeting == "421 4.3.2 Not taking mail now\r\n",
                "{greeting}"
            );
        }
        let moved = json!({"advance_seconds": two_days});
        admin.send("POST", "clock", &moved).await;
        let answer = post.send(&["luis@larkspur.example"], "Subject: c\r\n");
        assert!(answer.await.starts_with("250"));
    }
}

#[tokio::test]
async fn refusals_happen_at_every_stage_and_for_one_recipient_alone() {
    let world = World::start().await;
    let (admin, post) = (Admin::start(&world).await, Post::open(&world).await);
    goes_wrong(
        &admin,
        json!({"times": 1, "do": {"code": 451, "text": "4.7.1 Come\r\nback later"}}),
    )
    .await;
    let refused = post
        .send(&["luis@larkspur.example"], "Subject: a\r\n")
        .await;
    assert_eq!(refused, "451 4.7.1 Come  back later\r\n");
    assert_eq!(raw(&world).len(), 0);

    goes_wrong(
        &admin,
        json!({"on": {"stage": "recipient", "to": "Luis@larkspur.example"}, "do": {"code": 550}}),
    )
    .await;
    let mut talk = post.connect().await;
    talk.ask("EHLO a").await;
    talk.ask("MAIL FROM:<a@b.example>").await;
    for _ in 0..2 {
        let refused = talk.ask("RCPT TO:<luis@larkspur.example>").await;
        assert_eq!(refused, "550 5.1.1 There is no such mailbox\r\n");
    }
    let taken = talk.ask("RCPT TO:<mei@larkspur.example>").await;
    assert!(taken.starts_with("250"));

    for (stage, command) in [("mail", "MAIL FROM:<a@b.example>"), ("data", "DATA")] {
        goes_wrong(
            &admin,
            json!({"on": {"stage": stage}, "times": 1, "do": {"code": 554}}),
        )
        .await;
        if stage == "mail" {
            talk.ask("RSET").await;
        }
        assert_eq!(talk.ask(command).await, "554 5.0.0 No\r\n");
        if stage == "mail" {
            talk.ask(command).await;
            talk.ask("RCPT TO:<mei@larkspur.example>").await;
        }
    }
}

#[tokio::test]
async fn mail_is_slow_after_the_first_message_and_only_of_one_sender() {
    let world = World::start().await;
    let (admin, post) = (Admin::start(&world).await, Post::open(&world).await);
    goes_wrong(
        &admin,
        json!({
            "on": {"from": "ithaca@mentoring.example"},
            "after": 1,
            "do": {"delay_ms": 3_600_000},
        }),
    )
    .await;
    let to = ["luis@larkspur.example"];
    assert!(post.send(&to, "Subject: a\r\n").await.starts_with("250"));
    // It is taken; only the answer waits.
    let has_arrived = async {
        while raw(&world).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = post.send(&to, "Subject: b\r\n") => panic!("{answer}"),
        () = has_arrived => {}
    }
}

#[tokio::test]
async fn mail_faults_are_listed_called_off_and_refused_where_they_make_no_sense() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let fault = json!({
        "on": {"stage": "recipient", "from": "a@b.example", "to": "c@d.example"},
        "after": 1, "times": 2, "for_seconds": 9,
        "do": {"code": 450, "text": "4.2.0 Wait", "delay_ms": 7},
    });
    goes_wrong(&admin, fault.clone()).await;
    goes_wrong(&admin, json!({"do": {"lose_answer": true}})).await;
    let listed = admin.get("mail/faults").await.body;
    for name in ["on", "after", "times", "for_seconds", "do"] {
        assert_eq!(listed[0][name], fault[name]);
    }
    let nothing = serde_json::Value::Null;
    assert_eq!(
        admin.send("DELETE", "mail/faults/1", &nothing).await.status,
        204
    );
    assert_eq!(
        admin.send("DELETE", "mail/faults/1", &nothing).await.status,
        404
    );
    assert_eq!(admin.get("mail/faults").await.body[0]["number"], 2);
    assert_eq!(
        admin.send("DELETE", "mail/faults", &nothing).await.status,
        204
    );
    for (fault, field) in [
        (json!({"do": {}}), "do"),
        (json!({"do": {"code": 250}}), "do"),
        (json!({"do": {"code": 450, "lose_answer": true}}), "do"),
        (json!({"do": {"cod": 450}}), "do.cod"),
        (json!({"on": {"at": "data"}, "do": {"code": 450}}), "on.at"),
        (
            json!({"on": {"stage": "later"}, "do": {"code": 450}}),
            "on.stage",
        ),
        (json!({"times": 0, "do": {"code": 450}}), "times"),
    ] {
        let refused = admin.send("POST", "mail/faults", &fault).await;
        assert_eq!(refused.status, 400, "{fault}");
        assert_eq!(refused.body["error"]["field"], field, "{refused:?}");
    }
    assert_eq!(admin.get("mail/faults").await.body, json!([]));
}

#[tokio::test]
async fn programs_read_the_mail_as_it_came_and_empty_the_boxes() {
    let world = World::start().await;
    let (admin, post) = (Admin::start(&world).await, Post::open(&world).await);
    post.send(
        &["luis@larkspur.example", "mei@larkspur.example"],
        INVITATION,
    )
    .await;
    assert_eq!(
        admin.get("mail").await.body,
        json!([{
            "to": ["luis@larkspur.example", "mei@larkspur.example"],
            "from": "ithaca@mentoring.example",
            "at": "2026-03-02T09:00:00Z",
            "raw": INVITATION,
        }])
    );
    admin.send("DELETE", "mail", &serde_json::Value::Null).await;
    assert_eq!(admin.get("mail").await.body, json!([]));
    post.send(&["luis@larkspur.example"], "Subject: x\r\n")
        .await;
    assert!(
        world
            .sandbox
            .read(|state| { state.mailboxes.find("luis@larkspur.example", 2).is_some() })
    );
}

#[tokio::test]
async fn mail_survives_a_restart_as_it_came() {
    let world = World::start().await;
    let post = Post::open(&world).await;
    post.send(&["luis@larkspur.example"], INVITATION).await;
    world.sandbox.change(|state| {
        let now = world.sandbox.now();
        state.mailboxes.deliver(
            String::new(),
            vec!["mei@larkspur.example".to_owned()],
            now,
            b"Subject: \xff\xfe\r\n".to_vec(),
        );
    });
    let kept = world
        .sandbox
        .read(|state| serde_json::to_string(&state.mailboxes).unwrap());
    let back: sandbox::tenant::mailboxes::Mailboxes = serde_json::from_str(&kept).unwrap();
    let raws: Vec<Vec<u8>> = back.iter().map(|message| message.raw.clone()).collect();
    assert_eq!(
        raws,
        [
            INVITATION.as_bytes().to_vec(),
            b"Subject: \xff\xfe\r\n".to_vec()
        ]
    );
    assert!(back.find("luis@larkspur.example", 1).is_some());
}
