// SPDX-License-Identifier: MIT
// The definitions of progress.hpp, compiled once.
#pragma once

#include <moe/app/format.hpp>
#include <moe/app/progress.hpp>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstring>

namespace moe {

namespace detail {

// A line in a buffer of its own; what does not fit is cut off.
struct line_buffer {
    char text[1024] = {};
    std::size_t size = 0;

    void add(std::string_view piece) {
        const std::size_t room = sizeof text - size;
        const std::size_t count = std::min(piece.size(), room);
        std::memcpy(text + size, piece.data(), count);
        size += count;
    }
    __attribute__((format(printf, 2, 3))) void print(const char* format, ...) {
        va_list arguments;
        va_start(arguments, format);
        const int wanted = std::vsnprintf(text + size, sizeof text - size, format, arguments);
        va_end(arguments);
        size = std::min(size + std::size_t(std::max(wanted, 0)), sizeof text - 1);
    }
    std::string_view view() const { return {text, size}; }
};

// Filled and empty part, so many columns wide.
inline void add_bar(line_buffer& line, double share, int columns, const terminal_style& style) {
    const int inside = style.unicode ? columns : columns - 2;
    const int filled = std::clamp(int(share * inside), 0, inside);
    const char* full = !style.unicode ? "#" : style.color ? "\u2501" : "\u2588";
    const char* rest = !style.unicode ? "." : style.color ? "\u2501" : "\u2591";
    if (!style.unicode) line.add("[");
    if (style.color) line.add("\x1b[36m");
    for (int i = 0; i < filled; ++i) line.add(full);
    if (style.color) line.add("\x1b[0;2m");
    for (int i = filled; i < inside; ++i) line.add(rest);
    if (style.color) line.add("\x1b[0m");
    if (!style.unicode) line.add("]");
}

}  // namespace detail

progress::progress(std::FILE* to, const terminal_style& style, std::int64_t every)
    : to_(to), style_(style), every_(every) {}

double progress::seconds_left(const progress_state& now) const {
    const std::int64_t steps = now.step - first_.step;
    if (steps <= 0 || now.step >= now.steps) return progress_state::unknown;
    return (now.seconds - first_.seconds) / double(steps) * double(now.steps - now.step);
}

void progress::show(const progress_state& now) {
    if (!started_) first_ = now, started_ = true;
    last_ = now;
    const bool end = now.step >= now.steps;
    if (!style_.live) {
        if (end || (every_ > 0 && now.step % every_ == 0)) print_line(now);
    } else if (!open_ || end || now.seconds - drawn_ >= 0.1) {
        draw(now);
    }
}

void progress::note(std::string_view text) {
    if (open_) std::fputs("\r\x1b[K", to_);
    std::fwrite(text.data(), 1, text.size(), to_);
    std::fputc('\n', to_);
    if (open_) draw(last_);
    std::fflush(to_);
}

void progress::done() {
    if (open_) {
        draw(last_);
        std::fputc('\n', to_);
        std::fflush(to_);
    }
    open_ = false;
}

void progress::print_line(const progress_state& now) {
    detail::line_buffer line;
    line.print("step %lld/%lld", static_cast<long long>(now.step),
               static_cast<long long>(now.steps));
    if (std::isfinite(now.loss)) line.print("  loss %.4f", now.loss);
    if (std::isfinite(now.tokens_per_second))
        line.print("  %s tokens/s", short_count(now.tokens_per_second).c_str());
    if (std::isfinite(now.peak_share)) line.print("  %.1f %% of peak", 100 * now.peak_share);
    const double left = seconds_left(now);
    if (std::isfinite(left)) line.print("  %s left", short_time(left).c_str());
    line.print("\n");
    std::fwrite(line.text, 1, line.size, to_);
    std::fflush(to_);
}

void progress::draw(const progress_state& now) {
    const int terminal = terminal_columns(to_);
    // The last column stays free: some terminals go to the next line after it.
    const int width = (terminal > 0 ? terminal : style_.width) - 1;

    // In the order of their worth; the bar takes what is left.
    detail::line_buffer steps, loss, left, speed, peak;
    steps.print("%lld/%lld", static_cast<long long>(now.step), static_cast<long long>(now.steps));
    if (std::isfinite(now.loss)) loss.print("  loss %.4f", now.loss);
    const double seconds = seconds_left(now);
    if (std::isfinite(seconds)) left.print("  %s left", short_time(seconds).c_str());
    if (std::isfinite(now.tokens_per_second))
        speed.print("  %s tokens/s", short_count(now.tokens_per_second).c_str());
    if (std::isfinite(now.peak_share)) peak.print("  %.0f %% of peak", 100 * now.peak_share);
    int used = 0;
    bool shown[5] = {};
    const detail::line_buffer* pieces[] = {&steps, &loss, &left, &speed, &peak};
    for (int i = 0; i < 5; ++i) {
        const int columns = columns_of(pieces[i]->view());
        shown[i] = columns > 0 && used + columns <= width;
        if (shown[i]) used += columns;
    }
    // Read from left to right: what is done, how well, how fast, how long still.
    detail::line_buffer tail;
    for (const int i : {0, 1, 3, 4, 2})
        if (shown[i]) tail.add(pieces[i]->view());

    const double share = now.steps > 0 ? double(now.step) / double(now.steps) : 0;
    detail::line_buffer line;
    line.add("\r");
    const int bar = std::min(width - used - 7, 40);  // "100% " and two blanks behind it
    if (bar >= 8) {
        line.print("%3d%% ", int(100 * share));
        detail::add_bar(line, share, bar, style_);
        line.add("  ");
    }
    line.add(tail.view());
    line.add("\x1b[K");
    std::fwrite(line.text, 1, line.size, to_);
    std::fflush(to_);
    drawn_ = now.seconds, open_ = true;
}

}  // namespace moe
