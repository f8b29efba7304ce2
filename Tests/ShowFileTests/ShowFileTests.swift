import FailoverCore
import Foundation
import HubProtocol
import Replication
import ShowFile
import Testing

@Suite("The format of a show file")
struct ShowFileTests {
    static let name = ShowName("Friday Night")!
    static let savedAt = UTCTime(Timestamp(millisecondsSince1970: 1_795_435_200_123))

    /// Everything that an item can have.
    static var show: ShowFile {
        var rich = HubMessage.Properties()
        (rich.contentType, rich.isText, rich.responseTopic) = ("text/plain", true, "answers/here")
        rich.correlationData = [1, 2, 0xff]
        rich.user = [.init(name: "scene", value: "4"), .init(name: "scene", value: "5")]
        return ShowFile(
            name: name, savedAt: savedAt, savedBy: MachineName("anna"),
            items: [
                item("show/gfx-1/text", Array("Grüße \"\\/\n\u{0}".utf8)), item("show/gfx-1/bytes", [0xff, 0]),
                item("show/cam-1/rich", [0x20], rich),
                item("show/cam-1/short", [0x31], expiry: Timestamp(millisecondsSince1970: 4_000_000_000_000)),
            ])
    }

    static func item(
        _ topic: String, _ payload: [UInt8], _ properties: HubMessage.Properties? = nil, expiry: Timestamp? = nil
    ) -> ShowItem {
        ShowItem(
            HubMessage(topic: topic, payload: payload, isRetained: true, expiry: expiry, properties: properties))!
    }

    private func text(_ show: ShowFile = Self.show) -> String { String(decoding: show.encoded, as: UTF8.self) }

    private func error(_ text: String) -> ShowFileError? {
        do throws(ShowFileError) {
            _ = try ShowFile(decoding: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test("What is written is read, to the byte")
    func roundTrip() throws {
        #expect(try ShowFile(decoding: Self.show.encoded) == Self.show)
        var backup = ShowFile(
            name: .backup(at: Self.savedAt), savedAt: Self.savedAt, savedBy: nil, isAutomatic: true,
            backupOf: Self.name, items: [])
        #expect(try ShowFile(decoding: backup.encoded) == backup)
        backup.name = Self.name
        #expect(!backup.name.isOfBackup && ShowName.backup(at: Self.savedAt).isOfBackup)
    }

    /// It was written by the first version, and is never changed.
    @Test("A file of version 1 loads for ever")
    func golden() throws {
        let file = try #require(Bundle.module.url(forResource: "version-1", withExtension: "show"))
        #expect(try ShowFile(decoding: Array(Data(contentsOf: file))) == Self.show)
    }

    @Test("A newer version is refused with a sentence, whatever else is in it")
    func newer() {
        #expect(error(#"{"format":"understudy-show","version":2,"items":"elsewhere"}"#) == .newer(version: 2))
        #expect("\(ShowFileError.newer(version: 2))".contains("newer Understudy"))
    }

    @Test("Unknown keys are ignored; a file without a digest, as a person writes it, is read")
    func byHand() throws {
        let text = """
            {"format":"understudy-show","version":1,"name":"x","savedAt":"2026-11-23T12:00:00.000Z","mood":"good",
             "items":[{"topic":"show/a/b","payload":"1","colour":"red"}]}
            """
        let show = try ShowFile(decoding: Array(text.utf8))
        #expect(show.items == [Self.item("show/a/b", [0x31])] && show.savedBy == nil && !show.isAutomatic)
    }

    @Test("Every byte that is lost or changed is noticed")
    func damaged() {
        let bytes = Self.show.encoded
        // Without the key of that name there is nothing to compare with.
        for place in stride(from: bytes.firstRange(of: Array("digest".utf8))!.upperBound, to: bytes.count, by: 7) {
            var changed = bytes
            changed[place] ^= 1
            #expect(throws: ShowFileError.self, "byte \(place)") { try ShowFile(decoding: changed) }
            #expect(throws: ShowFileError.self, "cut at \(place)") {
                try ShowFile(decoding: Array(bytes.prefix(place)))
            }
        }
        #expect(error(text().replacing("Friday Night", with: "Monday Night")) == .damaged)
        #expect(error("") == .noShowFile)
        #expect(error(#"{"version":1}"#) == .noShowFile)
    }

    @Test(
        "What could do harm on a hub is refused",
        arguments: [
            #"{"topic":"hub/active","payload":"1"}"#, #"{"topic":"show/a/#","payload":"1"}"#,
            #"{"topic":"show/a","payload":""}"#, #"{"topic":"show/a"}"#, #"{"topic":"show/a","base64":"!"}"#,
            #"{"topic":"show/a","payload":"1","userProperties":[{"name":"understudy-id","value":"a/b/1"}]}"#,
            #"{"topic":"show/a","payload":"1","responseTopic":"responses/#"}"#,
            #"{"topic":"show/a","payload":"1","contentType":"a\u0000b"}"#,
            #"{"topic":"show/a","payload":"1","correlationData":"\#(String(repeating: "AAAA", count: 21_846))"}"#,
            #"{"topic":"show/a","payload":"1"},{"topic":"show/a","payload":"2"}"#, #""show/a""#,
        ])
    func malformed(_ items: String) throws {
        let head = #"{"format":"understudy-show","version":1,"name":"x","savedAt":"2026-11-23T12:00:00.000Z","items":["#
        guard case .malformed = error("\(head)\(items)]}") else {
            Issue.record("\(items) was taken: \(String(describing: error("\(head)\(items)]}")))")
            return
        }
    }

    @Test("Names: what people write, and nothing that leads out of the folder")
    func names() {
        for name in ["Friday Night", "v1.2 (late)", "Große Gala", "夜の番組", "a", "Tom & Ann's #1!"] {
            #expect(ShowName(name)?.description == name)
        }
        #expect(ShowName("e\u{301}")?.description.utf8.count == 2)
        for name in [
            "", " a", "a ", ".hidden", "..", "a/b", "a\\b", "a\nb", "a\0", "a\u{202e}b", "a:b", "*", "\u{1F600}",
            String(repeating: "a", count: 65), String(repeating: "夜", count: 67),
            "a" + String(repeating: "\u{301}", count: 200),
        ] {
            #expect(ShowName(name) == nil, "\(name.debugDescription)")
        }
    }
}

@Suite("The difference between a show file and the live state")
struct ShowDifferenceTests {
    private func live(_ items: [String: String], isRetained: Bool = true) -> [String: Write] {
        var counter: UInt64 = 0
        return Dictionary(
            uniqueKeysWithValues: items.map { topic, payload in
                counter += 1
                let message = HubMessage(
                    topic: topic, payload: Array(payload.utf8), isRetained: isRetained,
                    identity: MessageIdentity("gfx-1/s/\(counter)"))
                let stamp = Stamp(epoch: Epoch(1), counter: counter, origin: MachineName("main-1")!)
                return (topic, Write(message: message, stamp: stamp))
            })
    }

    private func item(_ topic: String, _ payload: String) -> ShowItem {
        ShowFileTests.item(topic, Array(payload.utf8))
    }

    @Test("Only what differs is set or deleted, in the order of the topics; the rest of the hub is left alone")
    func difference() throws {
        let state = live([
            "show/a/same": "1", "show/a/other": "2", "show/a/new": "3", "show/a/gone": "", "cues/next": "4",
            "show": "5",
        ])
        let wanted = [
            item("show/a/same", "1"), item("show/b/missing", "6"), item("show/a/other", "7"), item("show/a/gone", "8"),
        ]
        let difference = ShowDifference(from: state, to: wanted, at: .now)
        #expect(difference.sets.map(\.topic) == ["show/a/gone", "show/a/other", "show/b/missing"])
        #expect(difference.deletions == ["show/a/new"])
        let messages = difference.messages(from: try #require(Publisher(machine: MachineName("main-1")!, session: "s")))
        #expect(messages.map(\.sequence) == [1, 2, 3, 4] && messages.allSatisfy(\.isRetained))
        #expect(messages.map(\.isDeletion) == [false, false, false, true])
    }

    @Test("The same state again is no difference, whoever wrote it; other properties are one")
    func same() {
        let state = live(["show/a/x": "1"])
        #expect(ShowDifference(from: state, to: [item("show/a/x", "1")], at: .now).isEmpty)
        var properties = HubMessage.Properties()
        properties.contentType = "text/plain"
        let typed = ShowFileTests.item("show/a/x", [0x31], properties)
        #expect(ShowDifference(from: state, to: [typed], at: .now).sets == [typed])
    }

    @Test("An item that has expired since is not brought back")
    func expired() {
        let old = ShowFileTests.item("show/a/x", [0x31], expiry: Timestamp(millisecondsSince1970: 1000))
        #expect(ShowDifference(from: [:], to: [old], at: .now).isEmpty)
        #expect(ShowDifference(from: live(["show/a/x": "1"]), to: [old], at: .now).deletions == ["show/a/x"])
    }
}
