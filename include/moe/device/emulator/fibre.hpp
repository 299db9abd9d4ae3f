// SPDX-License-Identifier: MIT
// A fibre: a function with a stack of its own that gives way where it likes. On x86-64 a switch
// saves seven registers (the floating-point control words are the program's, not the fibre's);
// elsewhere, or with MOE_UCONTEXT, the system's contexts do the same with a system call.
#pragma once

#include <moe/core/check.hpp>

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#if !defined(__x86_64__) && !defined(MOE_UCONTEXT)
#define MOE_UCONTEXT
#endif
#if defined(MOE_UCONTEXT)
#include <ucontext.h>
#endif

#if MOE_ADDRESS_SANITIZER
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size);
void __asan_unpoison_memory_region(const volatile void* at, std::size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
}
#endif

namespace moe::emulator {

// Stacks of one size, each above a page that nobody may touch. Memory is taken at the first touch.
class stacks {
public:
    static constexpr std::size_t guard = 4096;
    static constexpr std::size_t size = MOE_ADDRESS_SANITIZER ? 256 * 1024 : 64 * 1024;

    explicit stacks(int count) : count_(count) {
        void* const memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        MOE_CHECK(memory == MAP_FAILED, ==, false);
        memory_ = static_cast<std::byte*>(memory);
        for (int i = 0; i < count; ++i)
            mprotect(memory_ + std::size_t(i) * (guard + size), guard, PROT_NONE);
    }
    stacks(stacks&& from) noexcept
        : memory_(std::exchange(from.memory_, nullptr)), count_(from.count_) {}
    stacks& operator=(stacks&& from) noexcept {
        std::swap(memory_, from.memory_);
        std::swap(count_, from.count_);
        return *this;
    }
    ~stacks() {
        if (memory_) munmap(memory_, bytes());
    }

    int count() const { return count_; }
    std::byte* operator[](int i) const { return memory_ + std::size_t(i) * (guard + size) + guard; }

private:
    std::size_t bytes() const { return std::size_t(count_) * (guard + size); }
    std::byte* memory_ = nullptr;
    int count_ = 0;
};

class fibre {
public:
    using entry = void (*)(void* argument);

    // Ready to run run(argument) on this stack from the first switch to it. 'run' must not return;
    // a fibre that is never switched to again is forgotten without unwinding.
    void start(entry run, void* argument, std::byte* stack) {
        run_ = run, argument_ = argument;
        bottom_ = stack, size_ = stacks::size;
#if MOE_ADDRESS_SANITIZER
        __asan_unpoison_memory_region(stack, stacks::size);  // frames that were never left
#endif
#if defined(MOE_UCONTEXT)
        getcontext(&context_);
        context_.uc_stack.ss_sp = stack;
        context_.uc_stack.ss_size = stacks::size;
        context_.uc_link = nullptr;
        const auto self = reinterpret_cast<std::uintptr_t>(this);
        makecontext(&context_, reinterpret_cast<void (*)()>(&begin_in_halves), 2,
                    unsigned(self >> 32), unsigned(self));
#else
        void** top = reinterpret_cast<void**>(stack + stacks::size);
        *--top = nullptr;
        *--top = nullptr;  // the first call leaves the stack aligned as every function expects
        *--top = reinterpret_cast<void*>(&enter);
        *--top = nullptr;                          // rbp
        *--top = nullptr;                          // rbx
        *--top = this;                             // r12
        *--top = reinterpret_cast<void*>(&begin);  // r13
        *--top = nullptr;                          // r14
        *--top = nullptr;                          // r15
        top_ = top;
#endif
    }

    // From 'from', which is running, to 'to'; returns when somebody switches back.
    static void change(fibre& from, fibre& to) {
#if MOE_ADDRESS_SANITIZER
        void* fake = nullptr;
        from_ = &from;
        __sanitizer_start_switch_fiber(&fake, to.bottom_, to.size_);
#endif
#if defined(MOE_UCONTEXT)
        swapcontext(&from.context_, &to.context_);
#else
        switch_stack(&from.top_, to.top_);
#endif
#if MOE_ADDRESS_SANITIZER
        __sanitizer_finish_switch_fiber(fake, &from_->bottom_, &from_->size_);
#endif
    }

private:
    static void begin(fibre* self) {
#if MOE_ADDRESS_SANITIZER
        __sanitizer_finish_switch_fiber(nullptr, &from_->bottom_, &from_->size_);
#endif
        self->run_(self->argument_);
    }

#if defined(MOE_UCONTEXT)
    static void begin_in_halves(unsigned high, unsigned low) {
        begin(reinterpret_cast<fibre*>(std::uintptr_t{high} << 32 | low));
    }
    ucontext_t context_;
#else
    // Where a new fibre returns to: 'begin' is in r13, the fibre in r12.
    __attribute__((naked, noinline)) static void enter() {
        asm("movq %r12, %rdi\n\tcallq *%r13\n\tud2");
    }
    // save: where the old stack's top goes; to: the new one.
    __attribute__((naked, noinline)) static void switch_stack(void** /*save*/, void* /*to*/) {
        asm("pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
            "movq %rsp, (%rdi)\n\tmovq %rsi, %rsp\n\t"
            "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\tpopq %rbp\n\tret");
    }
    void* top_ = nullptr;
#endif
    entry run_ = nullptr;
    void* argument_ = nullptr;
    const void* bottom_ = nullptr;  // where this fibre's stack lies; of the program's own, learnt
    std::size_t size_ = 0;          // at the first switch away from it
#if MOE_ADDRESS_SANITIZER
    inline static thread_local fibre* from_ = nullptr;
#endif
};

}  // namespace moe::emulator
