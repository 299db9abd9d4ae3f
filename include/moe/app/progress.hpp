// SPDX-License-Identifier: MIT
// How far a run is. On a terminal one line that is drawn again and again:
//    42% ━━━━━━━━━────────────  420/1000  loss 2.3451  12.3 k tokens/s  41 % of peak  1:23 left
// elsewhere a plain line every so many steps. Nothing here allocates: it may run between steps.
#pragma once

#include <moe/app/terminal.hpp>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <string_view>

namespace moe {

// With --json standard output belongs to JSON alone.
inline std::FILE* progress_stream(bool json) { return json ? stderr : stdout; }

struct progress_state {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::int64_t step = 0, steps = 0;  // done, and to do in all
    double seconds = 0;                // since this process began, by any clock
    double loss = unknown;             // what is unknown is not shown
    double tokens_per_second = unknown;
    double peak_share = unknown;
};

class progress {
public:
    // 'every': steps between plain lines; 0 for none but the last.
    progress(std::FILE* to, const terminal_style&, std::int64_t every);

    // After each step. A terminal is drawn at most ten times a second, and at the last step.
    void show(const progress_state&);
    // A line that stays, above the bar.
    void note(std::string_view line);
    // Leaves the bar as it is now and goes to the next line. Before anything else is printed there.
    void done();

private:
    void draw(const progress_state&);
    void print_line(const progress_state&);
    double seconds_left(const progress_state&) const;

    std::FILE* to_;
    terminal_style style_;
    std::int64_t every_;
    progress_state first_, last_;
    double drawn_ = 0;      // when the bar was drawn last
    bool started_ = false;  // first_ is known
    bool open_ = false;     // the cursor stands in the bar's line
};

}  // namespace moe
