// Runs oneDNN on the work of `recur bench --preset stack-NAME`: peer_onednn NAME SECONDS
// [PRECISION], for example peer_onednn lstm-2x256 10 bf16. Prints tokens per second, the median of
// single passes.
//
// It runs only the recurrent primitive, forward_training and backward, in f32 or bf16, with weights
// in the layout that the primitive asks for, minibatches of 32 x 35, and an input as wide as the
// layers. In bf16 inputs, weights, states and outputs are bf16; biases, c and all gradients are
// f32, which is all that oneDNN 2.6 offers. It uses the C++ interface of oneDNN 2.x (Debian:
// libdnnl-dev); bench/compare.py compiles it. Exits with 3 where oneDNN has no such primitive for
// this processor.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

constexpr memory::dim T = 35, B = 32;

// The kind of the layers, their number and their width.
struct Work {
    std::string kind;
    memory::dim layers = 1, hidden = 0, gates = 0;
    memory::data_type type = memory::data_type::f32;
};

Work parse(const char *name, const char *precision)
{
    Work work;
    if (!std::strcmp(precision, "bf16"))
        work.type = memory::data_type::bf16;
    else if (std::strcmp(precision, "f32") != 0)
        return work;
    const char *dash = std::strchr(name, '-');
    if (!dash)
        return work;
    work.kind.assign(name, dash);
    char *end;
    memory::dim number = std::strtol(dash + 1, &end, 10);
    if (*end == 'x') {
        work.layers = number;
        number = std::strtol(end + 1, nullptr, 10);
    }
    work.hidden = number;
    work.gates = work.kind == "rnn" ? 1 : work.kind == "gru" ? 3 : work.kind == "lstm" ? 4 : 0;
    return work;
}

struct Layouts {
    memory::desc x, h, c, w, b;
};

Layouts layouts(const Work &work, memory::data_type type)
{
    const auto f32 = memory::data_type::f32;
    const memory::dim L = work.layers, H = work.hidden, G = work.gates;
    using Tag = memory::format_tag;
    return {{{T, B, H}, type, Tag::tnc},
            {{L, 1, B, H}, type, Tag::ldnc},
            {{L, 1, B, H}, f32, Tag::ldnc},
            {{L, 1, H, G, H}, type, Tag::any},
            {{L, 1, G, H}, f32, Tag::ldgo}};
}

// Both passes of one kind of layer, and everything that they read and write.
class Passes
{
  public:
    explicit Passes(const Work &work) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_)
    {
        const auto train = dnnl::prop_kind::forward_training, back = dnnl::prop_kind::backward;
        const auto way = dnnl::rnn_direction::unidirectional_left2right;
        const auto [x, h, c, w, b] = layouts(work, work.type);
        const auto [dx, dh, dc, dw, db] = layouts(work, memory::data_type::f32);
        if (work.kind == "lstm") {
            dnnl::lstm_forward::primitive_desc f({train, way, x, h, c, w, w, b, x, h, c}, engine_);
            dnnl::lstm_backward::primitive_desc g(
                {back, way, x, h, c, w, w, b, x, h, c, dx, dh, dc, dw, dw, db, dx, dh, dc}, engine_,
                f);
            collect<dnnl::lstm_forward, dnnl::lstm_backward>(f, g);
            add(DNNL_ARG_SRC_ITER_C, f.src_iter_c_desc(), both);
            add(DNNL_ARG_DST_ITER_C, f.dst_iter_c_desc(), both);
            add(DNNL_ARG_DIFF_SRC_ITER_C, g.diff_src_iter_c_desc(), backward);
            add(DNNL_ARG_DIFF_DST_ITER_C, g.diff_dst_iter_c_desc(), backward);
        } else if (work.kind == "gru") {
            dnnl::gru_forward::primitive_desc f({train, way, x, h, w, w, b, x, h}, engine_);
            dnnl::gru_backward::primitive_desc g(
                {back, way, x, h, w, w, b, x, h, dx, dh, dw, dw, db, dx, dh}, engine_, f);
            collect<dnnl::gru_forward, dnnl::gru_backward>(f, g);
        } else {
            const auto tanh = dnnl::algorithm::eltwise_tanh;
            dnnl::vanilla_rnn_forward::primitive_desc f({train, tanh, way, x, h, w, w, b, x, h},
                                                        engine_);
            dnnl::vanilla_rnn_backward::primitive_desc g(
                {back, tanh, way, x, h, w, w, b, x, h, dx, dh, dw, dw, db, dx, dh}, engine_, f);
            collect<dnnl::vanilla_rnn_forward, dnnl::vanilla_rnn_backward>(f, g);
        }
    }

    void run()
    {
        forward_.execute(stream_, forward_arguments_);
        backward_.execute(stream_, backward_arguments_);
        stream_.wait();
    }

  private:
    enum Users { both, backward };

    static float small(size_t i)
    {
        return static_cast<float>(i * 2654435761U % 1000) * 1e-4F - 0.05F;
    }

    static void fill(float *number, size_t bytes)
    {
        for (size_t i = 0; i < bytes / sizeof *number; i++)
            number[i] = small(i);
    }

    // bf16 is the upper half of a float.
    static void fill(uint16_t *number, size_t bytes)
    {
        for (size_t i = 0; i < bytes / sizeof *number; i++) {
            const float value = small(i);
            uint32_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            number[i] = static_cast<uint16_t>(bits >> 16);
        }
    }

    // An array of small numbers, for the passes that use it.
    void add(int argument, const memory::desc &layout, Users users)
    {
        memory array(layout, engine_);
        void *numbers = array.get_data_handle();
        if (layout.data_type() == memory::data_type::bf16)
            fill(static_cast<uint16_t *>(numbers), layout.get_size());
        else
            fill(static_cast<float *>(numbers), layout.get_size());
        if (users == both)
            forward_arguments_[argument] = array;
        backward_arguments_[argument] = array;
    }

    template <class Forward, class Backward, class ForwardDesc, class BackwardDesc>
    void collect(const ForwardDesc &f, const BackwardDesc &g)
    {
        forward_ = Forward(f);
        backward_ = Backward(g);
        add(DNNL_ARG_SRC_LAYER, f.src_layer_desc(), both);
        add(DNNL_ARG_SRC_ITER, f.src_iter_desc(), both);
        add(DNNL_ARG_BIAS, f.bias_desc(), both);
        add(DNNL_ARG_DST_LAYER, f.dst_layer_desc(), both);
        add(DNNL_ARG_DST_ITER, f.dst_iter_desc(), both);
        add(DNNL_ARG_WORKSPACE, f.workspace_desc(), both);
        add(DNNL_ARG_WEIGHTS_LAYER, f.weights_layer_desc(), both);
        add(DNNL_ARG_WEIGHTS_ITER, f.weights_iter_desc(), both);
        add(DNNL_ARG_WEIGHTS_LAYER, g.weights_layer_desc(), backward); // in another layout
        add(DNNL_ARG_WEIGHTS_ITER, g.weights_iter_desc(), backward);
        add(DNNL_ARG_DIFF_SRC_LAYER, g.diff_src_layer_desc(), backward);
        add(DNNL_ARG_DIFF_SRC_ITER, g.diff_src_iter_desc(), backward);
        add(DNNL_ARG_DIFF_WEIGHTS_LAYER, g.diff_weights_layer_desc(), backward);
        add(DNNL_ARG_DIFF_WEIGHTS_ITER, g.diff_weights_iter_desc(), backward);
        add(DNNL_ARG_DIFF_BIAS, g.diff_bias_desc(), backward);
        add(DNNL_ARG_DIFF_DST_LAYER, g.diff_dst_layer_desc(), backward);
        add(DNNL_ARG_DIFF_DST_ITER, g.diff_dst_iter_desc(), backward);
    }

    dnnl::engine engine_;
    dnnl::stream stream_;
    dnnl::primitive forward_, backward_;
    Arguments forward_arguments_, backward_arguments_;
};

double seconds_now()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

void measure(const Work &work, double seconds)
{
    Passes passes(work);
    for (int warm = 0; warm < 5; warm++)
        passes.run();
    std::vector<double> speeds;
    const double end = seconds_now() + seconds;
    do {
        const double start = seconds_now();
        passes.run();
        speeds.push_back(T * B / (seconds_now() - start));
    } while (seconds_now() < end);
    std::sort(speeds.begin(), speeds.end());
    std::printf("%.0f\n", speeds[speeds.size() / 2]);
}

} // namespace

int main(int argc, char **argv)
{
    const bool given = argc == 3 || argc == 4;
    const Work work = given ? parse(argv[1], argc == 4 ? argv[3] : "f32") : Work();
    if (!work.gates || work.hidden < 1 || work.layers < 1) {
        std::fputs("usage: peer_onednn rnn|gru|lstm-[LAYERSx]HIDDEN SECONDS [f32|bf16]\n", stderr);
        return 2;
    }
    try {
        measure(work, std::atof(argv[2]));
    } catch (const dnnl::error &error) {
        std::fprintf(stderr, "peer_onednn: %s\n", error.what());
        return error.status == dnnl_unimplemented ? 3 : 1;
    }
}
