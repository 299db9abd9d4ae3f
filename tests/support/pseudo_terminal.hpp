// SPDX-License-Identifier: MIT
// A terminal of a given width that a test can write to and read back.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

class pseudo_terminal {
public:
    explicit pseudo_terminal(int columns) {
        master_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
        const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
        if (slave < 0) return;
        termios raw{};
        tcgetattr(slave, &raw);
        cfmakeraw(&raw);  // \n stays \n
        tcsetattr(slave, TCSANOW, &raw);
        stream_ = fdopen(slave, "w");
        resize(columns);
    }
    pseudo_terminal(const pseudo_terminal&) = delete;
    ~pseudo_terminal() {
        if (stream_) std::fclose(stream_);
        if (master_ >= 0) close(master_);
    }

    std::FILE* stream() const { return stream_; }
    void resize(int columns) {
        winsize size{};
        size.ws_col = static_cast<unsigned short>(columns), size.ws_row = 24;
        ioctl(master_, TIOCSWINSZ, &size);
    }
    // What was written since the last call. A terminal delivers when it likes: a mark behind the
    // text says that all of it has come.
    std::string read_back() {
        constexpr char mark = '\x06';
        std::fputc(mark, stream_);
        std::fflush(stream_);
        std::string text;
        char piece[4096];
        pollfd waiting{master_, POLLIN, 0};
        while ((text.empty() || text.back() != mark) && poll(&waiting, 1, 5000) > 0)
            if (const ssize_t got = read(master_, piece, sizeof piece); got > 0)
                text.append(piece, std::size_t(got));
        if (!text.empty() && text.back() == mark) text.pop_back();
        return text;
    }

private:
    int master_ = -1;
    std::FILE* stream_ = nullptr;
};
