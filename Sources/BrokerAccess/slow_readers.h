// Readers that do not read. The broker keeps what they should get, without a bound in bytes for QoS 0; the kernel can give
// them up, and then the broker lets it all go.
#pragma once

/// From now on a connection ends when its other side has taken nothing for so long, although there is something for it. Where
/// connections are accepted this is inherited by all later ones.
void give_up_slow_readers_after(unsigned milliseconds);
