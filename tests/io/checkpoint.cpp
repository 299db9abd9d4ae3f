// SPDX-License-Identifier: MIT
#include <moe/core/random.hpp>
#include <moe/io/checkpoint.hpp>
#include <moe/io/file.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include <doctest/doctest.h>

#include <tests/support/faulty_files.hpp>
#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

namespace {

// A little model with two moments a weight, whose numbers follow from the step.
struct little {
    std::vector<float> w = std::vector<float>(6), b = std::vector<float>(3),
                       m = std::vector<float>(6);

    explicit little(int step = 0) {
        for (int i = 0; i < 6; ++i) w[std::size_t(i)] = float(step * 10 + i);
        for (int i = 0; i < 3; ++i) b[std::size_t(i)] = float(step * 100 - i);
        for (int i = 0; i < 6; ++i) m[std::size_t(i)] = 1.0F / float(step + i + 1);
    }
    tensor_list model() {
        return {make_tensor("layer.w", w.data(), {2, 3}), make_tensor("layer.b", b.data(), {3})};
    }
    tensor_list optimizer() { return {make_tensor("layer.w.first", m.data(), {2, 3})}; }
    bool operator==(const little&) const = default;

    snapshot at(int step) {
        snapshot what;
        what.recipe = {{"model.vocab", "256"}, {"model.hidden", "512"}, {"precision", "fp32"}};
        what.settings = {{"lr", "0.001"}};
        what.state = {{"skipped", "0"}};
        what.step = step;
        what.data_position = std::uint64_t(step) * 32;
        what.model = model();
        what.optimizer = optimizer();
        what.attachments = {{"tokenizer.model", "some bytes"}};
        return what;
    }
};

std::string saved(const std::string& run, int step, int keep = 9) {
    little numbers(step);
    return save_checkpoint(run, numbers.at(step), keep).folder;
}
little loaded(const good_model& from) {
    little numbers;
    load_weights(from, numbers.model());
    load_optimizer(from, numbers.optimizer());
    return numbers;
}
std::vector<std::string> checkpoints(const std::string& run) {
    return list_folder(join(run, "checkpoints"));
}

}  // namespace

TEST_CASE("a checkpoint comes back with all that was saved") {
    const test::folder folder;
    const std::string run = folder / "run";
    little numbers(100);
    const saved_checkpoint done = save_checkpoint(run, numbers.at(100));
    CHECK(done.folder == run + "/checkpoints/step-000100");
    CHECK(list_folder(done.folder) == std::vector<std::string>{"manifest.json", "model.safetensors",
                                                               "optimizer.safetensors",
                                                               "tokenizer.model"});
    CHECK(checkpoints(run) == std::vector<std::string>{"step-000100"});

    const good_model found = find_checkpoint(run);
    CHECK(found.folder == done.folder);
    CHECK(found.warnings.empty());
    CHECK(loaded(found) == numbers);
    CHECK(found.about.step == 100);
    CHECK(found.about.data_position == 3200);
    CHECK(found.about.recipe == numbers.at(100).recipe);
    CHECK(found.about.settings == numbers.at(100).settings);
    CHECK(found.about.state == numbers.at(100).state);
    CHECK(has_attachment(found, "tokenizer.model"));
    CHECK(!has_attachment(found, "other"));
    CHECK(load_attachment(found, "tokenizer.model") == "some bytes");
    std::uint64_t bytes = 0;
    for (const char* name : {"model.safetensors", "optimizer.safetensors", "tokenizer.model"})
        bytes += status_of(join(done.folder, name)).bytes;
    CHECK(done.bytes == bytes);
    CHECK(find_model(run).folder == done.folder);
    CHECK(find_model(done.folder).folder == done.folder);
}

TEST_CASE("the hashes are those of the tensors, in any order, and see every part of the state") {
    const test::folder folder;
    little numbers(7);
    const saved_checkpoint done = save_checkpoint(folder / "run", numbers.at(7));
    tensor_list turned = numbers.model();
    std::reverse(turned.begin(), turned.end());
    CHECK(done.weights == weights_hash_of(turned));
    CHECK(done.state == state_hash_of(turned, numbers.optimizer(), 7 * 32));
    const manifest about = read_manifest(done.folder);
    CHECK(weights_hash_of(about) == done.weights);
    CHECK(state_hash_of(about) == done.state);
    CHECK(done.state != state_hash_of(turned, numbers.optimizer(), 7 * 32 + 1));
    little other(7);
    other.m[3] += 1;
    CHECK(weights_hash_of(other.model()) == done.weights);
    CHECK(state_hash_of(other.model(), other.optimizer(), 7 * 32) != done.state);
    other.w[0] += 1;
    CHECK(weights_hash_of(other.model()) != done.weights);
}

TEST_CASE("the newest checkpoints stay, older ones go, by their number and not by their name") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    for (const int step : {100, 200, 300}) saved(run, step, 2);
    CHECK(checkpoints(run) == std::vector<std::string>{"step-000200", "step-000300"});
    saved(run, 1'000'000, 2);
    CHECK(checkpoints(run) == std::vector<std::string>{"step-000300", "step-1000000"});
    CHECK(find_checkpoint(run).about.step == 1'000'000);
    saved(run, 1'000'001, 0);  // fewer than one is none of a choice
    CHECK(checkpoints(run) == std::vector<std::string>{"step-1000001"});
    // What is not a checkpoint's name is left alone.
    for (const char* name : {"step-1", "step-0000001", "step-00000x", "other", "step--00001",
                             "step-99999999999999999999999"})
        make_folders(run + "/checkpoints/" + name);
    saved(run, 1'000'002, 1);
    CHECK(checkpoints(run).size() == 7);
    CHECK(find_checkpoint(run).about.step == 1'000'002);
}

TEST_CASE("a damaged checkpoint is named and the one before it is used") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    const std::string newest = saved(run, 200);
    struct damage {
        const char* file;
        const char* says;
    };
    for (const damage& each :
         {damage{"model.safetensors", "model.safetensors"},
          damage{"optimizer.safetensors", "optimizer.safetensors"},
          damage{"manifest.json", "manifest.json"}, damage{"tokenizer.model", "tokenizer.model"}}) {
        CAPTURE(each.file);
        const std::string path = join(newest, each.file), good = test::get(path);
        int missed = 0;
        const auto try_file = [&](const std::string& bytes) {
            test::put(path, bytes);
            const good_model found = find_checkpoint(run);
            missed += found.about.step != 100 || found.warnings.size() != 1 ||
                      !has(found.warnings[0], path);
        };
        const std::size_t stride = good.size() / 97 + 1;
        for (std::size_t i = 0; i < good.size(); i += stride)
            for (const int bit : {0, 1, 5, 7}) {
                std::string bad = good;
                bad[i] = char(bad[i] ^ (1 << bit));
                try_file(bad);
            }
        for (std::size_t length = 0; length < good.size(); length += stride)
            try_file(good.substr(0, length));
        try_file(good + '\0');
        CHECK(missed == 0);
        std::filesystem::remove(path);
        CHECK(find_checkpoint(run).about.step == 100);
        test::put(path, good);
        CHECK(find_checkpoint(run).about.step == 200);
    }
    // Two good files of different steps do not make a checkpoint.
    test::put(join(newest, "model.safetensors"),
              test::get(run + "/checkpoints/step-000100/model.safetensors"));
    CHECK(has(find_checkpoint(run).warnings.at(0), "the hash of tensor \"layer.b\""));
    CHECK(loaded(find_checkpoint(run)) == little(100));
    CHECK(find_model(run).about.step == 100);
}

TEST_CASE("a folder with another step's contents is damaged") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    std::filesystem::copy(run + "/checkpoints/step-000100", run + "/checkpoints/step-000150");
    CHECK(has(find_checkpoint(run).warnings.at(0), "says step 100"));
}

TEST_CASE("no checkpoint is not the same as no good one") {
    const test::faulty_files quick;
    const test::folder folder;
    CHECK(find_checkpoint(folder / "none").folder.empty());
    make_folders(folder / "run/checkpoints/step-000100.tmp-1-1");
    CHECK(find_checkpoint(folder / "run").folder.empty());
    test::put(saved(folder / "run", 100) + "/manifest.json", "");
    CHECK(has(error_of([&] { find_checkpoint(folder / "run"); }), "no checkpoint is good"));
    CHECK(has(error_of([&] { find_model(folder / "none"); }), "does not exist"));
    make_folders(folder / "empty");
    CHECK(has(error_of([&] { find_model(folder / "empty"); }), "holds neither a model"));
}

TEST_CASE("a damaged checkpoint does not count when old ones are removed, and is written anew") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    saved(run, 200);
    test::put(saved(run, 300) + "/manifest.json", "damaged");
    saved(run, 250, 2);  // resumed from 200
    CHECK(checkpoints(run) ==
          std::vector<std::string>{"step-000200", "step-000250", "step-000300"});
    saved(run, 300, 2);
    CHECK(checkpoints(run) == std::vector<std::string>{"step-000250", "step-000300"});
    CHECK(loaded(find_checkpoint(run)) == little(300));
}

TEST_CASE("another recipe is named by its first difference") {
    const test::faulty_files quick;
    const test::folder folder;
    saved(folder / "run", 1);
    const good_model found = find_checkpoint(folder / "run");
    key_values recipe = found.about.recipe;
    CHECK(error_of([&] { require_recipe(found, recipe); }).empty());
    recipe.push_back({"parallel.data", "8"});  // how many ranks hold it is no matter
    CHECK(error_of([&] { require_recipe(found, recipe); }).empty());
    recipe.pop_back();
    recipe[1].value = "256";
    recipe[2].value = "bf16";
    CHECK(error_of([&] { require_recipe(found, recipe); }) ==
          found.folder + ": made with another recipe: model.hidden is 512 there and 256 here");
    recipe = found.about.recipe;
    recipe.push_back({"routing.scale", "2.5"});
    CHECK(has(error_of([&] { require_recipe(found, recipe); }),
              "routing.scale is absent there and 2.5 here"));
    recipe.resize(2);
    CHECK(has(error_of([&] { require_recipe(found, recipe); }),
              "precision is fp32 there and absent here"));
}

TEST_CASE("tensors that a checkpoint lacks or has too many are refused") {
    const test::faulty_files quick;
    const test::folder folder;
    saved(folder / "run", 1);
    const good_model found = find_checkpoint(folder / "run");
    little numbers;
    tensor_list fewer = numbers.model(), more = numbers.model();
    fewer.pop_back();
    more.push_back(make_tensor("layer.c", numbers.m.data(), {6}));
    CHECK(has(error_of([&] { load_weights(found, fewer); }), "\"layer.b\" is one too many"));
    CHECK(has(error_of([&] { load_weights(found, more); }), "\"layer.c\" is missing"));
}

TEST_CASE("a model folder has no optimizer and must be new") {
    const test::folder folder;
    little numbers(5);
    const saved_checkpoint done = save_model(folder / "deep/model", numbers.at(5));
    CHECK(list_folder(done.folder) ==
          std::vector<std::string>{"manifest.json", "model.safetensors", "tokenizer.model"});
    const good_model found = find_model(done.folder);
    little read;
    load_weights(found, read.model());
    CHECK(read.w == numbers.w);
    CHECK(weights_hash_of(found.about) == weights_hash_of(numbers.model()));
    CHECK(has(error_of([&] { save_model(done.folder, numbers.at(5)); }), "is not empty"));
    CHECK(has(error_of([&] { load_optimizer(found, read.optimizer()); }), "optimizer.safetensors"));
    test::put(folder / "file", "1");
    CHECK(has(error_of([&] { save_model(folder / "file", numbers.at(5)); }), "is a file"));
    test::put(done.folder + "/model.safetensors", "");
    CHECK(has(error_of([&] { find_model(done.folder); }), "model.safetensors: damaged: 0 bytes"));
}

TEST_CASE("a disk that is full is noticed before anything is written") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    {
        test::faulty_files faulty;
        faulty.space = 1 << 20;
        CHECK(has(error_of([&] { saved(run, 200); }), "the disk has only"));
        for (const std::string& call : faulty.log) CHECK(!has(call, "write"));
    }
    CHECK(checkpoints(run) == std::vector<std::string>{"step-000100"});
}

TEST_CASE("files and folder are synced before the folder gets its name, and the parent after") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    test::faulty_files faulty;
    saved(run, 200, 1);
    const std::vector<std::string>& log = faulty.log;
    const auto where = [&](std::string_view start, std::string_view end, std::size_t from = 0) {
        for (std::size_t i = from; i < log.size(); ++i)
            if (log[i].starts_with(start) && log[i].ends_with(end)) return i;
        return log.size();
    };
    const std::size_t rename =
        where("rename " + run + "/checkpoints/step-000200.tmp-", "step-000200");
    REQUIRE(rename < log.size());
    CHECK(where("sync_folder " + run + "/checkpoints/step-000200.tmp-", "") < rename);
    int writes = 0, late = 0, syncs = 0, closes = 0;
    for (std::size_t i = 0; i < log.size(); ++i) {
        writes += log[i] == "write" && i < rename;
        late += log[i] == "write" && i > rename;
        syncs += log[i] == "sync";
        closes += log[i] == "close";
    }
    CHECK(writes >= 4);
    CHECK(late == 0);
    CHECK(syncs == 4);  // two tensor files, an attachment, the manifest
    CHECK(closes == 4);
    CHECK(where("sync_folder", "/checkpoints", rename) == rename + 1);
    CHECK(where("rename " + run + "/checkpoints/step-000100", "") > rename + 1);
}

TEST_CASE("whatever file call fails while saving, the last good checkpoint is there") {
    const test::faulty_files quick;
    const test::folder folder;
    int failed = 0;
    for (const int wrong : {ENOSPC, EIO, EDQUOT, EINTR, 0})
        for (const bool for_ever : {false, true}) {
            // Once over an existing folder of the same step that is damaged, once without.
            for (const bool damaged : {false, true})
                for (int call = 0, calls = 0; call <= calls; ++call) {
                    const std::string run = folder / "run";
                    remove_all(run);
                    saved(run, 100);
                    if (damaged) test::put(saved(run, 200) + "/manifest.json", "damaged");
                    std::string said;
                    {
                        test::faulty_files faulty;
                        faulty.call = call;
                        faulty.wrong = wrong;
                        faulty.for_ever = for_ever;
                        said = error_of([&] { saved(run, 200, 1); });
                        calls = faulty.calls();
                    }
                    failed += !said.empty();
                    const good_model found = find_checkpoint(run);
                    const int step = int(found.about.step);
                    CHECK((step == 100 || step == 200));
                    CHECK(loaded(found) == little(step));
                    if (said.empty())
                        CHECK(step == 200);
                    else
                        CHECK(has(said, run));
                    remove_temporaries(run + "/checkpoints");
                    CHECK(checkpoints(run).size() <= 2);
                }
        }
    CHECK(failed > 200);
}

TEST_CASE("whatever file call fails while loading, an older checkpoint or an error comes") {
    const test::faulty_files quick;
    const test::folder folder;
    const std::string run = folder / "run";
    saved(run, 100);
    saved(run, 200);
    int older = 0, failed = 0;
    for (const bool for_ever : {false, true})
        for (int call = 0, calls = 0; call <= calls; ++call) {
            test::faulty_files faulty;
            faulty.call = call;
            faulty.wrong = EIO;
            faulty.for_ever = for_ever;
            little numbers;
            good_model found;
            const std::string said =
                error_of([&] { numbers = loaded(found = find_checkpoint(run)); });
            calls = faulty.calls();
            if (!said.empty()) {
                ++failed;
                CHECK(has(said, run));
            } else {
                CHECK(numbers == little(int(found.about.step)));
                CHECK(found.warnings.size() == (found.about.step == 100 ? 1 : 0));
                older += found.about.step == 100;
            }
        }
    CHECK(older > 10);
    CHECK(failed > 20);
}
