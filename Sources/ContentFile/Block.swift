/// A part of a content, in memory from which a disk can take it by itself: whole pages.
///
/// `@unchecked`: it is filled first, and after that only read until it is empty again.
final class Block: @unchecked Sendable {
    /// In bytes, of a full one. Disks are about as fast as they get with that much at once.
    static let size = 512 << 10
    static let alignment = 4096
    /// In bytes: small contents need little memory.
    private static let firstSize = 16 << 10

    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: firstSize, alignment: alignment)
    private var count = 0

    deinit { memory.deallocate() }

    var isFull: Bool { count == Self.size }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func empty() { count = 0 }

    /// Takes over as many of the bytes as it has room for.
    ///
    /// - Returns: how many.
    func fill(from bytes: some Collection<UInt8>) -> Int {
        let taken = min(bytes.count, Self.size - count)
        if count + taken > memory.count { grow() }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + taken]).copyBytes(from: bytes.prefix(taken))
        count += taken
        return taken
    }

    private func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: Self.alignment)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}
