// SPDX-License-Identifier: MIT
// What a trainer's one translation unit includes: the library and the program around it.
//
//   int main(int count, char** words) { return moe::program<nano>(count, words); }
#pragma once

#include <moe/moe.hpp>

#include <moe/app/program.hpp>
