// SPDX-License-Identifier: MIT
// Nothing of its own: it stands for the headers that most tests include (tests/CMakeLists.txt).
