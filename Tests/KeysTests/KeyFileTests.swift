import FailoverCore
import Foundation
import Keys
import Testing
import X509

@Suite("Files of keys")
struct KeyFileTests {
    @Test("A site and a key are written for their owner only, and read again")
    func writeAndRead() async throws {
        try await Given.withFolder { folder in
            try Given.site.write(to: folder + "/site")
            let site = try SiteAuthority(path: folder + "/site")
            #expect(site.id == Given.site.id && site.name == Given.site.name && !site.isReadableByOthers)
            let key = try Given.server(addresses: ["10.0.0.7"], by: site)
            try key.write(to: folder + "/key")
            let read = try MachineKey(path: folder + "/key")
            #expect(read.pem == key.pem && read.certificate == key.certificate && !read.isReadableByOthers)
            for name in ["/site", "/key"] { #expect(try Given.mode(folder + name) == 0o600) }
            #expect(try String(contentsOfFile: folder + "/key", encoding: .utf8) == key.pem)
        }
    }

    @Test("Others can read it: it is read all the same, and its reader can warn", arguments: [0o640, 0o604, 0o644])
    func readableByOthers(mode: Int) async throws {
        try await Given.withFolder { folder in
            try Given.client().write(to: folder + "/key")
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder + "/key")
            #expect(try MachineKey(path: folder + "/key").isReadableByOthers)
        }
    }

    @Test("Nothing is overwritten")
    func exists() async throws {
        try await Given.withFolder { folder in
            let path = folder + "/mine"
            try Data("mine".utf8).write(to: URL(filePath: path))
            let key = try Given.client()
            #expect(throws: KeyError.exists(path: path)) { try Given.site.write(to: path) }
            #expect(throws: KeyError.exists(path: path)) { try key.write(to: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
            #expect(throws: KeyError.self) { try key.write(to: folder + "/none/key") }
            #expect(throws: KeyError.self) { try key.replace(at: folder + "/none/key") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["mine"])
        }
    }

    @Test("A renewed key takes the place of the old one: same machine, another private key, for its owner only")
    func renew() async throws {
        try await Given.withFolder { folder in
            let old = try Given.server(addresses: ["10.0.0.7", "hall.example"])
            try old.write(to: folder + "/key")
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "key")
            let later = Given.now.adding(days: 300)
            let new = try Given.site.renew(MachineKey(path: folder + "/link"), days: 100, at: later)
            try new.replace(at: folder + "/link")
            let read = try MachineKey(path: folder + "/key")
            #expect(read.pem == new.pem && read.name == old.name && read.role == old.role)
            #expect(read.permission == old.permission && read.addresses == old.addresses && read.issued == later)
            #expect(read.daysLeft(at: later) == 99 && read.authority == old.authority)
            let (oldKey, newKey) = try (blocks(old.pem)[1], blocks(new.pem)[1])
            #expect(oldKey != newKey)
            #expect(try Given.mode(folder + "/key") == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["key", "link"])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "key")
        }
    }

    @Test("A renewed key belongs to whom the old one belonged", .enabled(if: geteuid() == 0))
    func owner() async throws {
        try await Given.withFolder { folder in
            let key = try Given.client()
            try key.write(to: folder + "/key")
            try #require(chown(folder + "/key", 1234, 4321) == 0)
            try Given.site.renew(key, days: 10, at: Given.now).replace(at: folder + "/key")
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/key")
            #expect(attributes[.ownerAccountID] as? Int == 1234 && attributes[.groupOwnerAccountID] as? Int == 4321)
            #expect(try Given.mode(folder + "/key") == 0o600)
        }
    }

    @Test("Another site's authority renews nothing, even if it has the same name")
    func renewElsewhere() throws {
        let other = try SiteAuthority(name: Given.site.name, at: Given.now)
        let key = try Given.client()
        do {
            _ = try other.renew(key, days: 10, at: Given.now)
            Issue.record("renewed")
        } catch let error as KeyError {
            #expect(error.isWrongFile)
            for id in [other.id, Given.site.id] { #expect(error.description.contains(SiteAuthority.short(id))) }
        }
        #expect(throws: KeyError.self) { try Given.site.renew(key, days: 0, at: Given.now) }
    }

    @Test("The key of another machine")
    func otherHolder() throws {
        let key = try Given.client()
        try key.checkHolder(Given.camera, source: "x")
        #expect(throws: KeyError.otherHolder(source: "x", holder: Given.camera, machine: Given.main)) {
            try key.checkHolder(Given.main, source: "x")
        }
    }

    @Test("Files that are something else")
    func wrongFiles() async throws {
        try await Given.withFolder { folder in
            try Given.site.write(to: folder + "/site")
            try Given.client().write(to: folder + "/key")
            #expect(throws: KeyError.siteFileNamed(path: folder + "/site")) { try MachineKey(path: folder + "/site") }
            #expect(throws: KeyError.machineKeyNamed(path: folder + "/key")) {
                try SiteAuthority(path: folder + "/key")
            }
            // Not read to its end, which it does not have.
            for path in ["/dev/zero", folder, folder + "/none"] {
                do throws(KeyError) {
                    _ = try MachineKey(path: path)
                    Issue.record("read")
                } catch {
                    #expect(error.description.contains(path) && error.isWrongFile)
                }
                #expect(throws: KeyError.self) { try SiteAuthority(path: path) }
            }
            let proper = try Given.client().pem
            let large = proper + String(repeating: "#", count: 64 * 1024)
            for content in [Data(), Data([0xFF]), Data("garbage".utf8), Data(large.utf8)] {
                try content.write(to: URL(filePath: folder + "/garbage"))
                #expect(throws: KeyError.self) { try MachineKey(path: folder + "/garbage") }
                #expect(throws: KeyError.self) { try SiteAuthority(path: folder + "/garbage") }
            }
        }
    }

    @Test("A file that came through an editor: other line ends, and remarks between the blocks")
    func edited() throws {
        let key = try Given.client()
        for text in [
            key.pem.replacing("\n", with: "\r\n"),
            try "the camera's\n" + blocks(key.pem).joined(separator: "\n\nand\n") + "\n\n",
        ] { #expect(try MachineKey(pem: text, source: "x").pem == key.pem) }
    }

    @Test("A key that was cut, at every place")
    func cut() throws {
        let pem = try Given.client().pem
        // The last line's end may be missing.
        for count in stride(from: 0, to: pem.utf8.count - 1, by: 7) {
            #expect(throws: KeyError.self) { try MachineKey(pem: String(pem.prefix(count)), source: "x") }
        }
    }

    @Test("A key that was put together from several")
    func composed() throws {
        let (one, two) = try (blocks(Given.client().pem), blocks(Given.server().pem))
        let other = try SiteAuthority(name: Given.site.name, at: Given.now)
        let foreign = try blocks(Given.client(by: other).pem)
        for (parts, mention) in [
            ([one[0], two[1], one[2]], "another certificate"), ([foreign[0], foreign[1], one[2]], "did not issue"),
            ([one[0], one[1], foreign[2]], "did not issue"), ([one[0], one[1], two[0]], "its authority"),
            ([one[1], one[0], one[2]], "in this order"), ([one[0], one[1]], "in this order"),
            ([one[0], one[1], one[2], two[2]], "in this order"), ([one[0]], "in this order"),
        ] {
            do throws(KeyError) {
                _ = try MachineKey(pem: parts.joined(), source: "the file")
                Issue.record("read: \(mention)")
            } catch {
                #expect(error.description.hasPrefix("the file is no key") && error.description.contains(mention))
            }
        }
    }

    @Test("Every byte of a certificate counts")
    func altered() throws {
        let parts = try blocks(Given.client().pem)
        for block in [0, 2] {
            let lines = parts[block].split(separator: "\n")
            var der = Array(try #require(Data(base64Encoded: lines[1...].dropLast().joined())))
            for index in der.indices {
                der[index] ^= 1
                let body = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
                var changed = parts
                changed[block] = "\(lines[0])\n\(body)\n\(lines[lines.count - 1])\n"
                #expect(throws: KeyError.self, "byte \(index) of \(der.count) in block \(block): \(der[index])") {
                    try MachineKey(pem: changed.joined(), source: "x")
                }
                der[index] ^= 1
            }
        }
    }

    @Test("A signature with unused bits, which OpenSSL refuses, is refused even where those bits are zero")
    func unusedBits() throws {
        // Every second signature ends in a zero bit, and only there the encoding is otherwise proper.
        while true {
            let parts = try blocks(Given.client().pem)
            let lines = parts[0].split(separator: "\n")
            var der = Array(try #require(Data(base64Encoded: lines[1...].dropLast().joined())))
            guard try #require(der.last) & 1 == 0 else { continue }
            // The signature is a sequence (0x30) in a bit string (0x03), whose first byte counts the unused bits.
            let length = try #require((70...72).first { der[der.count - $0] == 0x30 && der[der.count - $0 - 1] == 0 })
            der[der.count - length - 1] = 1
            let body = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
            let text = "\(lines[0])\n\(body)\n\(lines[lines.count - 1])\n" + parts[1] + parts[2]
            #expect(throws: KeyError.self) { try MachineKey(pem: text, source: "x") }
            return
        }
    }

    @Test("Neither a log nor a failing test shows a private key")
    func description() throws {
        let key = try Given.client()
        var texts = ["\(key)", String(reflecting: key), "\(Given.site)", String(reflecting: Given.site)]
        for value in [key, Given.site] as [Any] {
            var text = ""
            dump(value, to: &text)
            texts.append(text)
        }
        #expect(texts[0].contains("cam-1") && texts[2].contains("arena"))
        let secret = try blocks(key.pem)[1].split(separator: "\n")[1]
        for text in texts { #expect(!text.contains("PRIVATE") && !text.contains(secret)) }
    }

    @Test("What no authority of ours would state is not read")
    func forged() throws {
        let forger = Forger()
        #expect(try MachineKey(pem: forger.key(), source: "x").permission == 3)
        for text in [
            try forger.key(units: ["boss", "permission-3"]), try forger.key(units: ["server", "permission-4"]),
            try forger.key(units: ["server", "permission-03"]), try forger.key(units: ["server"]),
            try forger.key(units: ["server", "permission-1", "permission-3"]), try forger.key(name: "a b"),
            try forger.key(name: ""), try forger.key(site: "other"), try forger.key(site: "a/b"),
            try forger.key(serial: .init(1)), try forger.key(serial: .init(bytes: Array(repeating: 0x7F, count: 16))),
            try forger.key(serial: .init(bytes: Array(repeating: 0x7F, count: 20))),
            try forger.key(isAuthority: false),
        ] { #expect(throws: KeyError.self) { try MachineKey(pem: text, source: "x") } }
    }
}
