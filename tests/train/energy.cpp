// SPDX-License-Identifier: MIT
#include <moe/train/energy.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

using namespace moe;
namespace fs = std::filesystem;

namespace {

// A powercap folder as the kernel shows it.
struct powercap {
    fs::path folder;

    powercap() {
        static int count = 0;
        folder = fs::temp_directory_path() /
                 ("moe_powercap_" + std::to_string(getpid()) + "_" + std::to_string(count++));
        fs::create_directories(folder);
    }
    ~powercap() { fs::remove_all(folder); }

    void zone(const std::string& zone, const std::string& name, std::uint64_t microjoules,
              std::uint64_t range = 262143328850) {
        fs::create_directories(folder / zone);
        std::ofstream(folder / zone / "name") << name << '\n';
        std::ofstream(folder / zone / "max_energy_range_uj") << range << '\n';
        set(zone, microjoules);
    }
    void set(const std::string& zone, std::uint64_t microjoules) {
        std::ofstream(folder / zone / "energy_uj") << microjoules << '\n';
    }
    energy_settings settings() const { return {.powercap = folder.string()}; }
};

}  // namespace

TEST_CASE("energy: packages and memory are summed, their parts and second views are not") {
    powercap machine;
    fs::create_directories(machine.folder / "intel-rapl");
    machine.zone("intel-rapl:0", "package-0", 1'000'000);
    machine.zone("intel-rapl:1", "package-1", 5'000'000);
    machine.zone("intel-rapl:0:0", "core", 900'000);
    machine.zone("intel-rapl:0:1", "uncore", 10'000);
    machine.zone("intel-rapl:0:2", "dram", 70'000);
    machine.zone("intel-rapl:2", "psys", 9'000'000);
    machine.zone("intel-rapl-mmio:0", "package-0", 1'000'000);

    energy_meter meter(machine.settings());
    CHECK(meter.measured());
    CHECK(meter.read(0).joules == 0);
    for (const char* zone :
         {"intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2", "intel-rapl-mmio:0"})
        machine.set(zone, 77'000'000);
    CHECK(meter.read(10).joules == 0);
    machine.set("intel-rapl:0", 4'500'000);
    machine.set("intel-rapl:1", 5'250'000);
    machine.set("intel-rapl:0:2", 570'000);
    const energy used = meter.read(10);
    CHECK(used.joules == doctest::Approx(3.5 + 0.25 + 0.5));
    CHECK(used.source == "rapl: package-0, package-1, dram (whole machine)");
}

TEST_CASE("energy: a counter that starts again goes on counting, at every sample") {
    powercap machine;
    machine.zone("intel-rapl:0", "package-0", 9'000'000, 10'000'000);
    energy_meter meter(machine.settings());
    machine.set("intel-rapl:0", 500'000);  // 1.5 J later
    meter.sample();
    machine.set("intel-rapl:0", 9'500'000);  // 9 J later
    meter.sample();
    machine.set("intel-rapl:0", 0);  // 0.5 J later
    CHECK(meter.read(1).joules == doctest::Approx(11));
}

TEST_CASE("energy: the model names its constants") {
    const std::string nowhere = "/nowhere/powercap";
    energy_meter per_core({.cores = 2, .powercap = nowhere});
    CHECK_FALSE(per_core.measured());
    energy used = per_core.read(123.4);
    CHECK(used.joules == doctest::Approx(2468));
    CHECK(used.source == "model: 2 cores x 10 W x 123.4 s");
    used = energy_meter({.cores = 1, .powercap = nowhere}).read(1);
    CHECK(used.source == "model: 1 core x 10 W x 1.0 s");
    used = energy_meter({.watts = 37.5, .cores = 2, .powercap = nowhere}).read(10);
    CHECK(used.joules == doctest::Approx(375));
    CHECK(used.source == "model: 37.5 W x 10.0 s");
}

TEST_CASE("energy: what a resumed run used before is added, and said") {
    energy_meter meter({.cores = 1, .earlier_joules = 250, .powercap = "/nowhere"});
    const energy used = meter.read(5);
    CHECK(used.joules == doctest::Approx(300));
    CHECK(used.source == "model: 1 core x 10 W x 5.0 s + 250 J before resuming");
}

TEST_CASE("energy: a counter that cannot be read, or breaks off, leaves the model") {
    powercap machine;
    SUBCASE("no file") {
        machine.zone("intel-rapl:0", "package-0", 1);
        fs::remove(machine.folder / "intel-rapl:0" / "energy_uj");
        CHECK_FALSE(energy_meter(machine.settings()).measured());
    }
    SUBCASE("no number in it") {
        machine.zone("intel-rapl:0", "package-0", 1);
        std::ofstream(machine.folder / "intel-rapl:0" / "energy_uj") << "none\n";
        CHECK_FALSE(energy_meter(machine.settings()).measured());
    }
    SUBCASE("memory alone is not the machine") {
        machine.zone("intel-rapl:0:0", "dram", 1);
        CHECK_FALSE(energy_meter(machine.settings()).measured());
    }
    SUBCASE("gone in the middle of the run") {
        machine.zone("intel-rapl:0", "package-0", 1);
        energy_meter meter(machine.settings());
        CHECK(meter.measured());
        fs::remove(machine.folder / "intel-rapl:0" / "energy_uj");
        CHECK(meter.read(2).source == "model: 1 core x 10 W x 2.0 s");
    }
}

TEST_CASE("money: price per hour times hours") {
    CHECK(money(1800, 3) == doctest::Approx(1.5));
    CHECK(money(1800, 0) == 0);
}
