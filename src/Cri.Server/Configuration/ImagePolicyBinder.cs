using Cri.ImageService.Signatures;
using Cri.Oci.Images;

namespace Cri.Server.Configuration;

/// <summary>Turns <c>images.policies</c> into the policies, checking each one, its keys and what it means among the others.</summary>
internal static class ImagePolicyBinder
{
    private const string List = "policies";
    private const int ThresholdMax = 100;

    /// <summary>The policies of the section <c>images</c>.</summary>
    internal static ImagePolicies Bind(ConfigurationSection images)
    {
        var earlier = new List<ImagePolicy>();
        foreach (var (section, index) in images.Sections(List).Select((section, index) => (section, index)))
        {
            var policy = Policy(section, index);
            CheckOrder(section, policy, earlier);
            earlier.Add(policy);
        }

        // Whoever lists policies means something by what is not listed, and a guess at it would be wrong for half of them.
        if (earlier.Count > 0 && !earlier[^1].Images.Any(pattern => pattern.IsEverything))
        {
            images.Mistake(List, "expected a last policy for images: [\"**\"], which says what holds for all others");
        }

        return new ImagePolicies(earlier);
    }

    private static ImagePolicy Policy(ConfigurationSection section, int index)
    {
        var (name, action) = (section.Text("name"), section.Choice<PolicyAction>("action"));
        var policy = new ImagePolicy
        {
            Name = name is null ? $"images.{List}[{index}]" : $"\"{name}\" (images.{List}[{index}])",
            Images = section.Items("images", "repositories such as registry.example.com/team/*", RepositoryPattern.Parse),
            Action = action ?? PolicyAction.Reject,
            Keys = section.AbsolutePaths("keys") ?? [],
            Threshold = section.Number("threshold", 1, ThresholdMax) ?? 1,
            Annotations = section.Texts("annotations"),
            Identity = section.Value("identity", "a repository such as registry.example.com/team/app", RepositoryPattern.Parse),
            SignatureRepository = section.Value("signatureRepository", "a repository such as registry.example.com/signatures", Repository),
        };
        Expect(section, "images", "the repositories that it is for");
        Expect(section, "action", "accept, reject or require");
        CheckSignatures(section, policy, action);
        section.Finish();
        return policy;
    }

    private static void Expect(ConfigurationSection section, string key, string what)
    {
        if (!section.Keys.Contains(key))
        {
            section.Mistake($"expected the key {key} with {what}");
        }
    }

    private static void CheckSignatures(ConfigurationSection section, ImagePolicy policy, PolicyAction? action)
    {
        if (action is PolicyAction.Require)
        {
            Expect(section, "keys", "the PEM files of the public keys to verify with");
            CheckKeys(section, policy);
            return;
        }

        string[] forSignatures = ["keys", "threshold", "annotations", "identity", "signatureRepository"];
        foreach (var key in forSignatures.Where(key => action is not null && section.Keys.Contains(key)))
        {
            section.Mistake(key, "only with the action require");
        }
    }

    private static void CheckKeys(ConfigurationSection section, ImagePolicy policy)
    {
        var fingerprints = new HashSet<string>();
        foreach (var path in policy.Keys)
        {
            try
            {
                using var key = VerificationKey.Read(path);
                fingerprints.Add(key.Fingerprint);
            }
            catch (InvalidDataException error)
            {
                section.Mistake("keys", $"{path}: {error.Message}");
                return;
            }
        }

        if (policy.Threshold > fingerprints.Count && policy.Keys.Count > 0)
        {
            section.Mistake("threshold", $"expected at most the number of different keys, {fingerprints.Count}, found {policy.Threshold}");
        }
    }

    private static void CheckOrder(ConfigurationSection section, ImagePolicy policy, List<ImagePolicy> earlier)
    {
        var hiding = policy.Images.Select(pattern => earlier.FirstOrDefault(other => other.Images.Any(wider => wider.Covers(pattern)))).ToList();
        if (hiding.Count > 0 && hiding.TrueForAll(other => other is not null))
        {
            section.Mistake("images", $"never looked at: the first policy that matches counts, and {hiding[0]!.Name} matches all of this; put it after this one");
        }
    }

    private static ImageReference Repository(string text)
    {
        var repository = ImageReference.Parse(text);
        return repository.Name == text || text.EndsWith($"/{repository.Repository}", StringComparison.Ordinal)
            ? repository
            : throw new FormatException($"expected a repository with its registry and without tag or digest, found \"{text}\"");
    }
}
