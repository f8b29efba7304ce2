import AssetProtocol
import FailoverCore
import Foundation
import Testing

@testable import AssetStore

/// What a store should hold, in the simplest words.
private struct Model {
    var keep: Int
    var sequence = 0
    var files: [StoragePath: [FileVersion]] = [:]
    var contents: [ContentDigest: [UInt8]] = [:]

    func newest(_ path: StoragePath) -> FileVersion? { files[path]?.last }

    func allows(_ precondition: Precondition, _ path: StoragePath) -> Bool {
        switch precondition {
        case .none: true
        case .doesNotExist: newest(path)?.isDeletion ?? true
        case .newestIs(let tag): newest(path)?.tag == tag
        }
    }

    mutating func add(_ version: FileVersion) {
        sequence += 1
        #expect(version.sequence == sequence)
        #expect(version.number == (newest(version.path)?.number ?? 0) + 1)
        files[version.path, default: []].append(version)
        drop()
    }

    mutating func drop() { files = files.mapValues { $0.suffix(keep) } }
}

@Suite("Asset store against a model")
struct ModelTests {
    @Test(
        "Any sequence of pushes, deletions, refusals, restarts and rebuilds ends as the model says", arguments: 1...20)
    func anySequence(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let given = Given()
        var model = Model(keep: Int.random(in: 1...4, using: &random))
        var store = try given.store(keep: model.keep, slack: 15)
        let paths: [StoragePath] = ["a", "b", "folder/a", "folder/b", "é"]
        for step in 0..<120 {
            let path = paths.randomElement(using: &random)!
            let known = model.files.values.joined().map(\.tag).sorted { $0.description < $1.description }
            let precondition = [
                Precondition.none, .none, .doesNotExist, .newestIs(model.newest(path)?.tag ?? VersionTag("1-deleted")!),
                .newestIs(known.randomElement(using: &random) ?? VersionTag("1-deleted")!),
            ].randomElement(using: &random)!
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                store.close()
                if Bool.random(using: &random) { model.keep = Int.random(in: 1...4, using: &random) }
                model.drop()
                store = try given.store(keep: model.keep, slack: 15)
            case 1: try await store.rebuild()
            case 2:
                await #expect(throws: CancellationError.self) {
                    try await store.push(path, [UInt8(step)]) { throw CancellationError() }
                }
            case 3..<7:
                let isAllowed = model.allows(precondition, path) && model.newest(path)?.isDeletion == false
                do {
                    model.add(try await store.delete(path, author: Given.other, precondition: precondition))
                    #expect(isAllowed, "seed \(seed), step \(step)")
                } catch is AssetStoreError {
                    #expect(!isAllowed, "seed \(seed), step \(step)")
                }
            default:
                let bytes = [UInt8](repeating: UInt8(step % 30), count: Int.random(in: 0..<3, using: &random))
                let isAllowed = model.allows(precondition, path)
                do {
                    let version = try await store.push(path, bytes, if: precondition)
                    model.add(version)
                    model.contents[version.content!.digest] = bytes
                    #expect(isAllowed, "seed \(seed), step \(step)")
                } catch is AssetStoreError {
                    #expect(!isAllowed, "seed \(seed), step \(step)")
                }
            }
            if step % 10 == 9 { try await compare(store, model, "seed \(seed), step \(step)") }
        }
        store.close()
        let digests = Set(model.files.values.joined().compactMap(\.content?.digest))
        #expect(Set(given.contents.map { String($0.suffix(64)) }) == Set(digests.map(\.description)), "seed \(seed)")
    }

    private func compare(_ store: AssetStore, _ model: Model, _ place: Comment) async throws {
        let listing = try await store.list(ListingQuery(withDeletions: true))
        #expect(listing.sequence == model.sequence, place)
        #expect(listing.versions == model.files.values.compactMap(\.last).sorted { $0.path < $1.path }, place)
        for (path, versions) in model.files {
            #expect(try await store.versions(of: path) == versions.reversed(), place)
            for version in versions {
                guard let content = version.content else { continue }
                #expect(try await store.pull(path, version: version.number) == model.contents[content.digest], place)
            }
        }
        #expect(try await store.verify().isEmpty, place)
    }
}

/// SplitMix64.
private struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
