import ShowHistory
import Testing

@Suite("Payloads of the load")
struct ShowPayloadTests {
    @Test("What was made can be read", arguments: [ShowPayload.fewestBytes, 200, 1024 * 1024])
    func read(size: Int) throws {
        let bytes = ShowPayload.make(author: "w12", sequence: 60_000, size: size)
        let read = try #require(ShowPayload.read(bytes))
        #expect(bytes.count == size && read.author == "w12" && read.sequence == 60_000)
    }

    @Test("A byte less, or another one, is not what was made")
    func changed() {
        var bytes = ShowPayload.make(author: "w1", sequence: 7, size: 100)
        #expect(ShowPayload.read(Array(bytes.dropLast())) == nil)
        bytes[99] ^= 1
        #expect(ShowPayload.read(bytes) == nil)
        #expect(ShowPayload.read(Array("anything".utf8)) == nil)
    }
}
