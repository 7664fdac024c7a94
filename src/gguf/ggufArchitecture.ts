/**
 * Which architectures llama.cpp v0.4.0 knows (llama-arch.cpp) and what each can be used for here.
 * To be compared again whenever node-llama-cpp's pinned version moves.
 */

const KINDS = ["decoder", "recurrent", "encoder"] as const;

/**
 * decoder: attention only, can evaluate draft trees; recurrent: carries a state that cannot branch (llama.cpp's
 * recurrent and hybrid models), chains only; encoder: embeds, diffuses, speaks or drafts for one particular target,
 * and cannot write text on its own.
 */
export type ArchitectureKind = (typeof KINDS)[number];

const names: Readonly<Record<ArchitectureKind, string>> = {
  decoder: `
    llama llama4 deci falcon grok gpt2 gptneox mpt baichuan starcoder refact bloom stablelm qwen qwen2 qwen2moe qwen2vl
    qwen3 qwen3moe qwen3vl qwen3vlmoe phi2 phi3 phimoe plamo plamo3 codeshell orion internlm2 minicpm minicpm3 gemma
    gemma2 gemma3 gemma3n gemma4 starcoder2 xverse command-r cohere2 cohere2moe dbrx olmo olmo2 olmoe muse-glimmer
    openelm arctic deepseek deepseek2 deepseek2-ocr deepseek32 chatglm glm4 glm4moe glm-dsa bitnet jais jais2 nemotron
    exaone exaone4 exaone-moe granite granitemoe graniteswitch granite_swa chameleon plm bailingmoe bailingmoe2 dots1
    dots3note arcee afmoe laguna ernie4_5 ernie4_5-moe hunyuan-moe hunyuan-dense hunyuan_vl hy_v3 smollm3 gpt-oss
    smallthinker seed_oss grovemoe apertus minimax-m2 minimax-m3 cogvlm pangu-embedded mistral3 mistral4 paddleocr
    mimo2 step35 maincoder talkie mellum nanbeige`,
  recurrent: `
    mamba mamba2 rwkv6 rwkv6qwen2 rwkv7 arwkv7 jamba falcon-h1 plamo2 granitehybrid lfm2 lfm2moe nemotron_h
    nemotron_h_moe qwen3next kimi-linear bailingmoe3 kimi-k3 qwen35 qwen35moe qwen4exp deepseek4 minimax-01`,
  encoder: `
    bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert gemma-embedding llama-embed
    t5 t5encoder clip wavtokenizer-dec gemma4-assistant eagle3 dflash qwen3tts pockettts dream llada llada-moe rnd1`,
};

/** What models of `architecture` (general.architecture) can do here, or undefined when llama.cpp cannot load them. */
export function architectureKind(architecture: string): ArchitectureKind | undefined {
  return KINDS.find((kind) => names[kind].trim().split(/\s+/).includes(architecture));
}
