import Foundation
import Testing

@testable import FailoverCore
@testable import HubProtocol

@Suite("Payloads")
struct PayloadTests {
    private let record = Record(
        epoch: Epoch(7), version: 3, holder: MachineName("backup-1")!, mode: .alone, standbySession: nil, witnesses: [],
        lease: Lease(milliseconds: 125, marginMilliseconds: 5),
        previous: MachineName("main-1"), reason: .mainLost, evidence: "no heartbeat for 250 ms", silenceMs: 250.5,
        since: Timestamp(millisecondsSince1970: 1_795_363_405_123),
        main: ServerAddress(name: MachineName("main-1")!, address: "10.0.0.1", port: 1883, controlPort: 1882),
        backup: ServerAddress(name: MachineName("backup-1")!, address: "10.0.0.2", port: 1884, controlPort: 1885))

    private func object(_ payload: some Payload) throws -> NSDictionary {
        try #require(JSONSerialization.jsonObject(with: Data(payload.encoded)) as? NSDictionary)
    }

    @Test("hub/active has the contract's keys and times")
    func hubActive() throws {
        let payload = HubActive(record: record, standsDown: false)
        let object = try object(payload)
        #expect(object["epoch"] as? Int == 7)
        #expect(object["hub"] as? String == "backup-1")
        #expect(object["address"] as? String == "10.0.0.2")
        #expect(object["port"] as? Int == 1884)
        #expect(object["previous"] as? String == "main-1")
        #expect(object["reason"] as? String == "mainLost")
        #expect(object["since"] as? String == "2026-11-22T16:03:25.123Z")
        #expect(try HubActive(decoding: payload.encoded) == payload)
        #expect(payload.announcement.silence == .microseconds(250_500))
    }

    @Test("A confirmation is JSON, also where it is written and read by hand")
    func confirmation() throws {
        for token in [nil, "a\"b"] {
            let confirmation = Confirmation(received: .max, replicated: 7, token: token)
            let object = try object(confirmation)
            #expect(object["received"] as? UInt64 == .max && object["replicated"] as? Int == 7)
            #expect(object["token"] as? String == token)
            #expect(try Confirmation(decoding: confirmation.encoded) == confirmation)
        }
        let spaced = #" {"replicated": 7, "other": 1, "received": 12} "#
        #expect(try Confirmation(decoding: spaced.utf8) == Confirmation(received: 12, replicated: 7))
        let malformed = [
            "", #"{"received":1}"#, #"{"received":,"replicated":7}"#, #"{"received":1,"replicated":-7}"#,
            #"{"received":1,"replicated":7}}"#, #"{"received":99999999999999999999,"replicated":7}"#,
        ]
        for text in malformed {
            #expect(throws: MalformedPayload.self) { try Confirmation(decoding: text.utf8) }
        }
    }

    @Test("An announcement is read from hub/active as the whole payload is, however it is written")
    func announcement() throws {
        let written = [false, true].map { HubActive(record: record, standsDown: $0).encoded }
        let others = [
            #" { "reason" : "planned", "silenceMs":null,"hub":"a","epoch":8, "since":"2026-11-22T16:03:25.123Z" }"#,
            #"{"epoch":8,"hub":"a","reason":"planned","since":"2026-11-22T16:03:25.123Z","more":{"epoch":9},"list":[1]}"#,
            #"{"epoch":8,"hub":"\u0061","reason":"planned","evidence":"\"\\","since":"2026-11-22T16:03:25.123Z"}"#,
        ]
        for bytes in written + others.map({ Array($0.utf8) }) {
            #expect(try Follower.Announcement(hubActive: bytes) == HubActive(decoding: bytes).announcement)
        }
    }

    @Test(
        "What is no announcement is not taken for one",
        arguments: [
            "", "{", "{}", "[]", "null", #"{"epoch":8,"hub":"a"}"#, #"{"epoch":-8,"hub":"a","reason":"planned"}"#,
            #"{"epoch":9223372036854775808,"hub":"a","reason":"planned"}"#,
            #"{"epoch":"8","hub":"a","reason":"planned"}"#, #"{"epoch":8,"hub":7,"reason":"planned"}"#,
            #"{"epoch":8,"hub":"a b","reason":"planned"}"#, #"{"epoch":8,"hub":"a","reason":"whim"}"#,
            #"{"epoch":8,"hub":"a","reason":"planned","silenceMs":"long"}"#,
            #"{"epoch":8,"hub":"a","reason":"planned"} {}"#, #"{"epoch":8,"hub":"a","reason":"planned""#,
            #"{"epoch":8,"hub":"a","reason":"planned",}"#,
        ])
    func noAnnouncement(text: String) {
        #expect(throws: MalformedPayload.self) { try Follower.Announcement(hubActive: Array(text.utf8)) }
    }

    @Test("What a machine says in a switch is written as Foundation would write it")
    func writtenBySelf() throws {
        let (main, backup) = (MachineName("main-1")!, MachineName("backup-1")!)
        let links = [
            MachineLinks(hubs: [main: .lost, backup: .up], control: [main: .lost], following: backup, epoch: Epoch(7)),
            MachineLinks(hubs: [:], control: nil, following: nil, epoch: nil),
        ]
        for links in links { #expect(links.encoded == links.generallyEncoded) }
        let change = MachineSwitch(
            .init(epoch: Epoch(7), from: main, to: backup, outage: .microseconds(8430), reason: .mainLost))
        #expect(change.encoded == change.generallyEncoded)
        let foreign = #"{"hubs":{"a \"b\"":"up"},"following":null,"epoch":null}"#
        let strange = try MachineLinks(decoding: Array(foreign.utf8))
        #expect(try MachineLinks(decoding: strange.encoded) == strange)
    }

    @Test("While a side has stood down, hub is null and not missing")
    func stoodDown() throws {
        let object = try object(HubActive(record: record, standsDown: true))
        #expect(object["hub"] is NSNull && object["address"] is NSNull && object["port"] is NSNull)
        #expect(object["epoch"] as? Int == 7)
    }

    @Test("hub/pair without a Backup says null")
    func pairWithoutBackup() throws {
        let main = record.main!
        let payload = HubPair(
            record: nil, own: main, role: .main, isPairing: false, isOutside: false, added: nil, returns: .auto)
        let object = try object(payload)
        #expect(object["backup"] is NSNull)
        #expect((object["main"] as? NSDictionary)?["controlPort"] as? Int == 1882)
        #expect(object["mode"] as? String == "alone")
        #expect(object["return"] as? String == "auto")
        #expect(try HubPair(decoding: payload.encoded) == payload)
    }

    @Test("Chips are the contract's, word for word")
    func chips() {
        #expect(Phase.alone.chip(hasPair: false) == "No backup")
        #expect(Phase.alone.chip(hasPair: true) == "Backup is not ready")
        let others = Phase.allCases.filter { $0 != .alone }.map { $0.chip(hasPair: true) }
        #expect(
            others == [
                "Backup is idle", "Switching to Backup", "Backup is active", "Switching to Main",
                "No connection to the other machines",
            ])
    }

    @Test("The history keeps the last 50, newest first, each epoch once")
    func history() {
        var history = HubHistory()
        for epoch in 1...60 {
            var record = record
            record.epoch = Epoch(UInt64(epoch))
            history.note(record)
            history.note(record)
        }
        #expect(history.transitions.count == 50)
        #expect(history.transitions.first?.epoch == Epoch(60))
        #expect(history.transitions.last?.epoch == Epoch(11))
    }

    @Test("Commands stand among the transitions, newest first, and never push all of those out")
    func commands() throws {
        var history = HubHistory()
        for epoch in 1...40 {
            var record = record
            record.epoch = Epoch(UInt64(epoch))
            history.note(record)
        }
        for number in 1...60 {
            let command = HubHistory.Command(
                "backup/add", by: MachineName("user-\(number)")!, at: .now, epoch: Epoch(40),
                number == 60 ? .refused(.sameMachine, "no") : .ok)
            history.note(command)
        }
        #expect(history.transitions.count == 25 && history.commands.count == 25)
        #expect(history.transitions.first?.epoch == Epoch(40))
        let list = try #require(try object(history)["transitions"] as? [NSDictionary])
        #expect(
            list.count == 50 && list[0]["command"] as? String == "backup/add" && list[0]["by"] as? String == "user-60")
        #expect(list[0]["outcome"] as? String == "refused" && list[0]["code"] as? String == "sameMachine")
        #expect(list[25]["reason"] != nil && list[25]["command"] == nil)
        #expect(try HubHistory(decoding: history.encoded) == history)
    }

    @Test("Commands of the other hub stand where their time is; two hubs that tell each other come to the same end")
    func commandsOfTheOtherHub() throws {
        func command(_ number: Int) -> HubHistory.Command {
            HubHistory.Command(
                "hub/switch", by: MachineName("user-\(number)")!,
                at: UTCTime(Timestamp(millisecondsSince1970: Int64(number))), epoch: Epoch(1), .ok)
        }
        var (one, other) = (HubHistory(), HubHistory())
        for number in [1, 4] { one.note(command(number)) }
        for number in [2, 3] { other.note(command(number)) }
        one.note(commandsOf: other)
        #expect(one.commands == [4, 3, 2, 1].map(command))
        let before = one
        one.note(commandsOf: other)
        #expect(one == before)

        for number in 10..<70 {
            if number.isMultiple(of: 2) { one.note(command(number)) } else { other.note(command(number)) }
        }
        // Each is told what the other one says anew.
        for _ in 1...2 {
            one.note(commandsOf: other)
            other.note(commandsOf: one)
        }
        #expect(one.commands == (45...69).reversed().map(command) && other.commands == one.commands)
    }

    @Test("Readers ignore keys that they do not know")
    func unknownKeys() throws {
        let text = #"{"session":"s","sequence":1,"intervalMs":1000,"epoch":7,"new":{"a":[1]}}"#
        #expect(try MachineHeartbeat(decoding: Array(text.utf8)).epoch == Epoch(7))
    }

    @Test("A server shows its licence, or none, as those of an earlier version")
    func serverLicense() throws {
        let address = ServerAddress(name: MachineName("main-1")!, address: "10.0.0.1", port: 1883, controlPort: 1882)
        for license in [nil, "a.b.c"] {
            let server = HubServer(role: .main, session: "s", address: address, license: license)
            #expect(try HubServer(decoding: server.encoded) == server)
            #expect(String(decoding: server.encoded, as: UTF8.self).contains("license") == (license != nil))
        }
    }

    /// Whatever anybody sends on a topic that is read, the answer is an error that says what is wrong.
    @Test(
        "Malformed and hostile payloads are refused",
        arguments: [
            "", " ", "null", "[]", "7", "\"x\"", "{", "{}", "{\"epoch\":}", "\u{0}", "{\"epoch\":-1}",
            "{\"epoch\":1e400}", "{\"epoch\":\"7\",\"hub\":\"x\"}", "{\"epoch\":18446744073709551615}",
            "{\"epoch\":7,\"hub\":\"a b\",\"reason\":\"mainLost\",\"since\":\"2026-11-22T16:03:25.123Z\"}",
            "{\"epoch\":7,\"hub\":\"main-1\",\"reason\":\"nothing\",\"since\":\"2026-11-22T16:03:25.123Z\"}",
            "{\"epoch\":7,\"hub\":\"main-1\",\"reason\":\"mainLost\",\"since\":\"yesterday\"}",
            String(repeating: "[", count: 10_000), String(repeating: "{\"a\":", count: 10_000),
        ])
    func malformed(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: MalformedPayload.self) { try HubActive(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try HubPair(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try HubServer(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try MachineStatus(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try MachineHeartbeat(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try ElectionHeartbeat(decoding: bytes) }
        #expect(throws: MalformedPayload.self) { try ElectionWill(decoding: bytes) }
    }

    @Test("Bytes that are no text, and payloads beyond the bound, are refused")
    func bytes() {
        #expect(throws: MalformedPayload.self) { try HubActive(decoding: [0xFF, 0xFE, 0x00]) }
        #expect(throws: MalformedPayload.self) { try HubActive(decoding: [UInt8](repeating: 0x20, count: 300_000)) }
    }

    @Test("A silence that no site can have seen is not believed")
    func silence() throws {
        for silence in ["-5", "1e300"] {
            let text =
                #"{"epoch":7,"hub":"main-1","reason":"mainLost","since":"2026-11-22T16:03:25.123Z","silenceMs":\#(silence)}"#
            let span = try HubActive(decoding: Array(text.utf8)).announcement.silence
            #expect(span >= .zero && span <= .seconds(3600))
        }
    }
}
