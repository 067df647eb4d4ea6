// Runs oneDNN on the work of `recur bench --preset stack-NAME`: peer_onednn NAME SECONDS, for example
// peer_onednn lstm-2x256 10. Prints tokens per second, the median of single passes.
//
// It runs only the recurrent primitive, forward_training and backward, in f32, with weights in the
// layout that the primitive asks for, minibatches of 32 x 35, and an input as wide as the layers. It
// uses the C++ interface of oneDNN 2.x (Debian: libdnnl-dev); bench/compare.py compiles it.
#include <algorithm>
#include <chrono>
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
};

Work parse(const char *name)
{
    Work work;
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
    memory::desc x, h, w, b;
};

Layouts layouts(const Work &work)
{
    const auto f32 = memory::data_type::f32;
    const memory::dim L = work.layers, H = work.hidden, G = work.gates;
    using Tag = memory::format_tag;
    return {{{T, B, H}, f32, Tag::tnc},
            {{L, 1, B, H}, f32, Tag::ldnc},
            {{L, 1, H, G, H}, f32, Tag::any},
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
        const auto [x, h, w, b] = layouts(work);
        if (work.kind == "lstm") {
            dnnl::lstm_forward::primitive_desc f({train, way, x, h, h, w, w, b, x, h, h}, engine_);
            dnnl::lstm_backward::primitive_desc g(
                {back, way, x, h, h, w, w, b, x, h, h, x, h, h, w, w, b, x, h, h}, engine_, f);
            collect<dnnl::lstm_forward, dnnl::lstm_backward>(f, g);
            add(DNNL_ARG_SRC_ITER_C, f.src_iter_c_desc(), both);
            add(DNNL_ARG_DST_ITER_C, f.dst_iter_c_desc(), both);
            add(DNNL_ARG_DIFF_SRC_ITER_C, g.diff_src_iter_c_desc(), backward);
            add(DNNL_ARG_DIFF_DST_ITER_C, g.diff_dst_iter_c_desc(), backward);
        } else if (work.kind == "gru") {
            dnnl::gru_forward::primitive_desc f({train, way, x, h, w, w, b, x, h}, engine_);
            dnnl::gru_backward::primitive_desc g(
                {back, way, x, h, w, w, b, x, h, x, h, w, w, b, x, h}, engine_, f);
            collect<dnnl::gru_forward, dnnl::gru_backward>(f, g);
        } else {
            const auto tanh = dnnl::algorithm::eltwise_tanh;
            dnnl::vanilla_rnn_forward::primitive_desc f({train, tanh, way, x, h, w, w, b, x, h},
                                                        engine_);
            dnnl::vanilla_rnn_backward::primitive_desc g(
                {back, tanh, way, x, h, w, w, b, x, h, x, h, w, w, b, x, h}, engine_, f);
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

    // An array of small numbers, for the passes that use it.
    void add(int argument, const memory::desc &layout, Users users)
    {
        memory array(layout, engine_);
        auto *number = static_cast<float *>(array.get_data_handle());
        for (size_t i = 0; i < layout.get_size() / sizeof *number; i++)
            number[i] = static_cast<float>(i * 2654435761U % 1000) * 1e-4F - 0.05F;
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

} // namespace

int main(int argc, char **argv)
{
    const Work work = argc == 3 ? parse(argv[1]) : Work();
    if (!work.gates || work.hidden < 1 || work.layers < 1) {
        std::fputs("usage: peer_onednn rnn|gru|lstm-[LAYERSx]HIDDEN SECONDS\n", stderr);
        return 2;
    }
    Passes passes(work);
    for (int warm = 0; warm < 5; warm++)
        passes.run();
    std::vector<double> speeds;
    const double end = seconds_now() + std::atof(argv[2]);
    do {
        const double start = seconds_now();
        passes.run();
        speeds.push_back(T * B / (seconds_now() - start));
    } while (seconds_now() < end);
    std::sort(speeds.begin(), speeds.end());
    std::printf("%.0f\n", speeds[speeds.size() / 2]);
}
