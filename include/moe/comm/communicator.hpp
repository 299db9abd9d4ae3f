// SPDX-License-Identifier: MIT
// What ranks do together. Written once over a transport, so every back end sums in the same order:
// a sum over ranks is one binary tree over the grains that they hold (comm/grain_tree.hpp), element
// by element, whoever adds.
//
//   communicator ranks(transport, std::chrono::seconds(2));
//   ranks.all_reduce(std::span(values));         // one grain a rank
//
// Before each call the ranks show each other what they are about to do (comm/call.hpp). A rank that
// does something else, or does not answer in time, is a moe::error on every rank that waits for it;
// the communicator is of no use afterwards. Nothing is allocated once the largest call was made.
#pragma once

#include <moe/comm/call.hpp>
#include <moe/comm/grain_tree.hpp>
#include <moe/comm/transport.hpp>
#include <moe/core/check.hpp>
#include <moe/core/error.hpp>
#include <moe/core/math.hpp>

#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moe {

// A message of a group of sends and receives.
template <class T> struct message {
    int rank;  // to whom, or from whom
    std::span<T> values;
};

template <transport Transport> class communicator {
public:
    // One rank by its type: what only concerns several need not even be compiled.
    static constexpr bool alone = requires { requires Transport::is_alone; };
    // Whether the ranks have one memory to live in.
    static constexpr bool in_one_process = requires { requires Transport::in_one_process; };
    static constexpr std::chrono::nanoseconds patient = std::chrono::minutes(30);

    communicator() requires std::default_initializable<Transport> : communicator(Transport{}) {}
    explicit communicator(Transport transport, std::chrono::nanoseconds patience = patient)
        : transport_(std::move(transport)),
          patience_(patience),
          shown_(std::size_t(size())),
          seen_(std::size_t(size())),
          exchanges_(std::size_t(size())) {}

    int rank() const { return transport_.rank(); }
    int size() const { return transport_.size(); }
    const traffic& sent() const { return traffic_; }
    // Of 'count' elements the part that belongs to this rank in reduce_scatter and all_gather.
    interval part(std::int64_t count) const { return part_of(count, size(), rank()); }

    // Every rank has the sum of all.
    template <travels T> void all_reduce(std::span<T> values) {
        T* const one[] = {values.data()};
        all_reduce(std::span<T* const>(one), std::int64_t(values.size()), size());
    }
    // The same of sums over grains: this rank holds the pieces of its part of the grains, 'count'
    // elements each; a rank without a grain, one buffer for the result. The sum is in pieces[0],
    // the rest is spent.
    template <travels T>
    void all_reduce(std::span<T* const> pieces, std::int64_t count, int grains) {
        begin(collective::all_reduce, element_of<T>, count, grains);
        sum_parts(pieces, count, {grains});
        gather_parts(pieces[0], count);
    }

    // This rank has the sum of all in its part of the values; the rest is spent.
    template <travels T> void reduce_scatter(std::span<T> values) {
        T* const one[] = {values.data()};
        reduce_scatter(std::span<T* const>(one), std::int64_t(values.size()), size());
    }
    template <travels T>
    void reduce_scatter(std::span<T* const> pieces, std::int64_t count, int grains) {
        begin(collective::reduce_scatter, element_of<T>, count, grains);
        sum_parts(pieces, count, {grains});
    }

    // Every rank's part of the values becomes every other rank's, too. Parts are of whole rows of
    // 'width' values.
    template <travels T> void all_gather(std::span<T> values, std::int64_t width = 1) {
        begin(collective::all_gather, element_of<T>, std::int64_t(values.size()), width);
        gather_parts(values.data(), std::int64_t(values.size()) / width, width);
    }

    template <travels T> void broadcast(std::span<T> values, int root) {
        MOE_CHECK(root, >=, 0);
        MOE_CHECK(root, <, size());
        begin(collective::broadcast, element_of<T>, std::int64_t(values.size()), root);
        for (int other = 0; other < size(); ++other) {
            if (other == rank()) continue;
            if (rank() == root) send(other, values.data(), std::int64_t(values.size()));
            if (other == root) receive(other, values.data(), std::int64_t(values.size()));
        }
        move();
    }

    // to: what goes to rank 0, to rank 1, ... behind each other; from: what came from them. A rank
    // that has nothing for anybody takes part, too.
    template <travels T>
    void all_to_all_v(std::span<T> from, std::span<const std::int64_t> from_counts,
                      std::span<const T> to, std::span<const std::int64_t> to_counts) {
        MOE_CHECK(std::ssize(from_counts), ==, size());
        MOE_CHECK(std::ssize(to_counts), ==, size());
        begin(collective::all_to_all_v, element_of<T>, 0, 0, from_counts, to_counts);
        T* into = from.data();
        const T* out = to.data();
        for (int other = 0; other < size(); ++other) {
            const std::int64_t in_count = from_counts[std::size_t(other)];
            const std::int64_t out_count = to_counts[std::size_t(other)];
            if (other == rank()) {
                MOE_CHECK(in_count, ==, out_count);
                if (in_count > 0) std::memcpy(into, out, std::size_t(in_count) * sizeof(T));
            } else {
                send(other, out, out_count);
                receive(other, into, in_count);
            }
            into += in_count;
            out += out_count;
        }
        MOE_CHECK(into - from.data(), <=, std::ssize(from));
        MOE_CHECK(out - to.data(), <=, std::ssize(to));
        move();
    }

    // A group of sends and receives that concerns the ranks it names and nobody else: at most one
    // message to and one from each.
    template <travels T>
    void exchange(std::span<const message<const T>> to, std::span<const message<T>> from) {
        begin_exchange(element_of<T>);
        for (const message<const T>& one : to)
            with(one.rank).to_you = std::int64_t(one.values.size());
        for (const message<T>& one : from) with(one.rank).detail = std::int64_t(one.values.size());
        require_same_exchange();
        for (const message<const T>& one : to)
            send(one.rank, one.values.data(), std::int64_t(one.values.size()));
        for (const message<T>& one : from)
            receive(one.rank, one.values.data(), std::int64_t(one.values.size()));
        move();
    }

    // Nobody goes on before everybody came.
    void barrier() { begin(collective::barrier, element::byte, 0, 0); }

    // The ranks of this colour, ordered by key, then by rank, among themselves.
    communicator split(int colour, int key) {
        begin(collective::split, element::byte, 0, 0);
        std::vector<int> colours(std::size_t(size()), colour), keys(std::size_t(size()), key);
        for (int other = 0; other < size(); ++other) {
            if (other == rank()) continue;
            send(other, &colour, 1), receive(other, &colours[std::size_t(other)], 1);
            send(other, &key, 1), receive(other, &keys[std::size_t(other)], 1);
        }
        move();
        return communicator(transport_.split(colours, keys), patience_);
    }

    // This rank cannot go on; the others are told where the back end can.
    void give_up(const std::string& why) { transport_.give_up(why); }

private:
    // Elements that are added at a time: what is staged stays in the cache.
    static constexpr std::int64_t block = 1 << 16;

    void count_call() { ++traffic_.calls[std::size_t(current_.what)]; }

    // Shows all others what this rank is about to do, and looks at what they are.
    void begin(collective what, element of, std::int64_t count, std::int64_t detail,
               std::span<const std::int64_t> from_counts = {},
               std::span<const std::int64_t> to_counts = {}) {
        current_ = {what, of, count, detail, sequence_++, 0};
        count_call();
        for (int other = 0; other < size(); ++other) {
            if (other == rank()) continue;
            call& says = shown_[std::size_t(other)] = current_;
            if (!to_counts.empty()) says.to_you = to_counts[std::size_t(other)];
            check_out_.push_back({other, &says, sizeof says});
            check_in_.push_back({other, &seen_[std::size_t(other)], sizeof(call)});
        }
        show();
        for (int other = 0; other < size(); ++other) {
            if (other == rank()) continue;
            require_same(other);
            const std::int64_t coming = seen_[std::size_t(other)].to_you;
            if (!from_counts.empty() && coming != from_counts[std::size_t(other)])
                fail("rank " + std::to_string(other) + " sends " + std::to_string(coming) +
                     " elements, expected " + std::to_string(from_counts[std::size_t(other)]));
        }
    }
    // An exchange is shown to those it concerns. detail: what is expected of the other.
    void begin_exchange(element of) {
        current_ = {collective::exchange, of, 0, 0, 0, 0};
        count_call();
        for (call& says : shown_) says.what = collective::barrier;  // not named yet
    }
    call& with(int other) {
        MOE_CHECK(other, !=, rank());
        call& says = shown_[std::size_t(other)];
        if (says.what != collective::exchange) {
            says = current_;
            says.sequence = exchanges_[std::size_t(other)]++;
            check_out_.push_back({other, &says, sizeof says});
            check_in_.push_back({other, &seen_[std::size_t(other)], sizeof(call)});
        }
        return says;
    }
    void require_same_exchange() {
        for (call& says : shown_) says.count = says.to_you + says.detail;
        show();
        for (int other = 0; other < size(); ++other) {
            if (shown_[std::size_t(other)].what != collective::exchange) continue;
            current_ = shown_[std::size_t(other)];
            std::swap(current_.detail, current_.to_you);  // as the other must see it
            require_same(other);
        }
    }
    void show() {
        traffic_.checks += std::int64_t(check_out_.size() * sizeof(call));
        move(check_out_, check_in_);
    }
    void require_same(int other) {
        const call& theirs = seen_[std::size_t(other)];
        if (!theirs.same_as(current_))
            fail("rank " + std::to_string(other) + " is at: " + theirs.text());
    }

    // This rank's part of the sum over grains, into pieces[0].
    template <class T>
    void sum_parts(std::span<T* const> pieces, std::int64_t count, grain_tree tree) {
        const int ranks = size(), own = tree.pieces_of(ranks, rank());
        MOE_CHECK(std::ssize(pieces), >=, larger(own, 1));
        int all = 0;
        for (int r = 0; r < ranks; ++r) all += tree.pieces_of(ranks, r);
        const std::int64_t largest = ceil_divide(count, std::int64_t(ranks));
        const std::int64_t step = smaller(largest, block);
        staging_.resize(
            larger(staging_.size(), std::size_t(all - own) * std::size_t(step) * sizeof(T)));
        staged_.resize(larger(staged_.size(), std::size_t(all)));
        for (std::int64_t done = 0; done < largest; done += step) {
            const auto in_part = [&](int r) {
                const interval whole = part_of(count, ranks, r);
                return interval{smaller(whole.first + done, whole.last),
                                smaller(whole.first + done + step, whole.last)};
            };
            const interval mine = in_part(rank());
            T* free = reinterpret_cast<T*>(staging_.data());
            int piece = 0;
            for (int r = 0; r < ranks; ++r) {
                const interval theirs = in_part(r);
                if (r != rank())
                    for (int i = 0; i < own; ++i)
                        send(r, pieces[std::size_t(i)] + theirs.first, theirs.count());
                for (int i = 0; i < tree.pieces_of(ranks, r); ++i, ++piece) {
                    T* at = r == rank() ? pieces[std::size_t(i)] + mine.first : free;
                    staged_[std::size_t(piece)] = at;
                    if (r == rank()) continue;
                    receive(r, at, mine.count());
                    free += step;
                }
            }
            move();
            tree.sum(ranks, [&](int to, int from) {
                T* into = static_cast<T*>(staged_[std::size_t(to)]);
                const T* other = static_cast<const T*>(staged_[std::size_t(from)]);
                for (std::int64_t i = 0; i < mine.count(); ++i) into[i] = T(into[i] + other[i]);
            });
            T* const result = pieces[0] + mine.first;
            if (all == 0)
                for (std::int64_t i = 0; i < mine.count(); ++i) result[i] = T(0);
            else if (staged_[0] != result)
                std::memcpy(result, staged_[0], std::size_t(mine.count()) * sizeof(T));
        }
    }
    template <class T> void gather_parts(T* values, std::int64_t rows, std::int64_t width = 1) {
        const interval mine = part(rows);
        for (int other = 0; other < size(); ++other) {
            if (other == rank()) continue;
            const interval theirs = part_of(rows, size(), other);
            send(other, values + mine.first * width, mine.count() * width);
            receive(other, values + theirs.first * width, theirs.count() * width);
        }
        move();
    }

    template <class T> void send(int to, const T* values, std::int64_t count) {
        if (count == 0) return;
        out_.push_back({to, values, std::size_t(count) * sizeof(T)});
        traffic_.bytes[std::size_t(current_.what)] += count * std::int64_t(sizeof(T));
    }
    template <class T> void receive(int from, T* values, std::int64_t count) {
        if (count > 0) in_.push_back({from, values, std::size_t(count) * sizeof(T)});
    }
    void move() { move(out_, in_); }
    void move(std::vector<outgoing>& out, std::vector<incoming>& in) {
        const arrival end =
            out.empty() && in.empty() ? arrival{} : transport_.move(out, in, patience_);
        out.clear();
        in.clear();
        if (!end) fail(end.why);
    }
    [[noreturn]] void fail(const std::string& why) {
        const std::string words =
            "rank " + std::to_string(rank()) + ": " + current_.text() + ": " + why;
        transport_.give_up(words);
        throw error(words);
    }

    Transport transport_;
    std::chrono::nanoseconds patience_;
    call current_{};
    std::uint64_t sequence_ = 0;
    std::vector<call> shown_, seen_;        // one a rank
    std::vector<std::uint64_t> exchanges_;  // with each rank
    std::vector<outgoing> out_, check_out_;
    std::vector<incoming> in_, check_in_;
    std::vector<std::byte> staging_;
    std::vector<void*> staged_;
    traffic traffic_;
};

// What a trainer asks of those it runs with.
template <class T>
concept communicates = requires(T ranks, const T& is, std::span<float> values,
                                std::span<std::int64_t> counts) {
    { is.rank() } -> std::same_as<int>;
    { is.size() } -> std::same_as<int>;
    { T::alone } -> std::convertible_to<bool>;
    { T::in_one_process } -> std::convertible_to<bool>;
    ranks.all_reduce(values);
    ranks.reduce_scatter(counts);
    ranks.all_gather(values);
    ranks.broadcast(values, 0);
    ranks.barrier();
    { ranks.split(0, 0) } -> std::same_as<T>;
    ranks.give_up(std::string());
};

}  // namespace moe
