import FailoverCore
import Histogram

/// Spans of time, kept to a microsecond.
struct Spans: CustomStringConvertible {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

    mutating func add(_ span: Duration) { histogram.record(UInt64(max(0, span.inNanoseconds / 1000))) }

    /// Minimum, median, 99th percentile and maximum, in milliseconds.
    var description: String {
        [histogram.min, histogram.valueAtPercentile(50), histogram.valueAtPercentile(99), histogram.max].map {
            "\(Double($0 / 10) / 100)"
        }.joined(separator: " / ")
    }
}
