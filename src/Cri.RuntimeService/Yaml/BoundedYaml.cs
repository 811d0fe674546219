using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Cri.RuntimeService.Yaml;

/// <summary>
/// YAML that is neither deeper nor, with its aliases followed, larger than anyone writes by hand, so that whoever walks over it by
/// recursion comes to an end.
/// </summary>
public static class BoundedYaml
{
    private const int Deepest = 64;
    private const int MostNodes = 100_000;

    /// <summary>Reads all documents of a text.</summary>
    /// <exception cref="YamlException">It is no YAML, or beyond the bounds.</exception>
    public static YamlStream Load(string text)
    {
        try
        {
            CheckDepth(new Parser(new StringReader(text)));
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            var left = MostNodes;
            foreach (var document in stream.Documents)
            {
                Check(document.RootNode, 1, ref left);
            }

            return stream;
        }
        catch (Exception error) when (error is not YamlException)
        {
            // The parser does not foresee every text, and says so by exceptions of any type.
            throw new YamlException($"not understood: {error.Message}", error);
        }
    }

    // The model is built by recursion, so the depth is looked at before.
    private static void CheckDepth(IParser parser)
    {
        for (var depth = 0; parser.MoveNext();)
        {
            depth += parser.Current is MappingStart or SequenceStart ? 1 : parser.Current is MappingEnd or SequenceEnd ? -1 : 0;
            Require(depth <= Deepest, parser.Current!.Start, parser.Current.End);
        }
    }

    private static void Check(YamlNode node, int depth, ref int left)
    {
        Require(depth <= Deepest && --left > 0, node.Start, node.End);
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (key, value) in map.Children)
                {
                    Check(key, depth + 1, ref left);
                    Check(value, depth + 1, ref left);
                }

                break;
            case YamlSequenceNode list:
                foreach (var item in list.Children)
                {
                    Check(item, depth + 1, ref left);
                }

                break;
        }
    }

    private static void Require(bool holds, Mark start, Mark end)
    {
        if (!holds)
        {
            throw new YamlException(start, end, $"deeper than {Deepest} levels, or of more than {MostNodes} values");
        }
    }
}
